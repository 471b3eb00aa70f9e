// Types for each `*.graphql` in src/, checked against the committed schema: beside it, as `*.graphql.ts`.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse, print } from "graphql";

const root = import.meta.dirname;
const CONFIG = {
  scalars: { ID: "string", DateTime: "string", BigInt: "number", JSON: "unknown", Upload: "File | null" },
  enumsAsTypes: true,
  skipTypename: true,
  useTypeImports: true,
};

/** Each operation as what is sent, with the type of its answer and of its variables. */
const documents = {
  plugin: (_, found) => {
    const definitions = found.flatMap(({ document }) => document.definitions);
    const fragments = definitions.filter(({ kind }) => kind === "FragmentDefinition");
    const named = definitions.filter(({ kind }) => kind === "OperationDefinition");
    return named.map((each) => {
      const name = each.name.value;
      const kind = each.operation[0].toUpperCase() + each.operation.slice(1);
      const used = fragments.filter(({ name: { value } }) => uses(each, value, fragments));
      const text = [each, ...used].map(print).join("\n").replace(/\s+/g, " ");
      return `export const ${name} = ${JSON.stringify(text)} as Operation<${name}${kind}, ${name}${kind}Variables>;`;
    }).join("\n");
  },
};

/** Whether a definition has this fragment in it, or one that has. */
function uses(definition, fragment, fragments) {
  const spread = fragments.filter(({ name }) => new RegExp(`\\.\\.\\.${name.value}\\b`).test(print(definition)));
  return spread.some((each) => each.name.value === fragment || uses(each, fragment, fragments));
}

const schema = parse(await readFile(join(root, "../schema/schema.graphql"), "utf8"));
const files = (await readdir(join(root, "src"), { recursive: true })).filter((name) => name.endsWith(".graphql"));
await Promise.all(files.map(async (name) => {
  const location = join(root, "src", name);
  const found = [{ location, document: parse(await readFile(location, "utf8")) }];
  const text = await codegen({
    filename: `${location}.ts`, schema, documents: found, config: CONFIG,
    plugins: [{ operations: {} }, { documents: {} }], pluginMap: { operations, documents },
  });
  await writeFile(`${location}.ts`, `// Made by codegen.mjs.\nimport type { Operation } from "#api/operation.ts";\n${text}\n`);
}));
