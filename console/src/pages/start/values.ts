// What has been filled in, and what is sent of it.
import type { AgainQuery, OneScriptQuery } from "./start.graphql.ts";

export type Script = NonNullable<OneScriptQuery["script"]>;
export type Parameter = Script["parameters"][number];
/** Each value of each parameter, by its short name. An empty text is none. */
export type Values = Record<string, (string | File)[]>;
export type Given = { name: string; value?: string; file?: File };

const NEEDED = "This is needed.";

export const valuesOf = (values: Values, { name }: Parameter) => values[name] ?? [""];

/** In the order of the manifest; what is empty is left to its default. */
export function givenIn(script: Script, values: Values): Given[] {
  return script.parameters.flatMap((parameter) =>
    valuesOf(values, parameter).flatMap((value): Given[] => {
      if (value === "") return [];
      return [value instanceof File ? { name: parameter.name, file: value } : { name: parameter.name, value }];
    }),
  );
}

/** What is wrong by what is known here; the server checks all the rest. */
export function missingIn(script: Script, values: Values): Record<string, string[]> {
  const given = new Set(givenIn(script, values).map(({ name }) => name));
  const missing = script.parameters.filter(({ name, mandatory, default: otherwise }) => mandatory && otherwise === null && !given.has(name));
  return Object.fromEntries(missing.map(({ name }) => [name, [NEEDED]]));
}

/** The values of an earlier process. Its secrets are not kept, and its uploads have to be chosen again. */
export function valuesAgain(script: Script, earlier: AgainQuery["process"]): Values {
  const values: Values = {};
  for (const { name, value } of earlier?.parameters ?? []) {
    const type = script.parameters.find((each) => each.name === name)?.type;
    if (type && type !== "FILE" && type !== "SECRET") (values[name] ??= []).push(value);
  }
  return values;
}

/** The uploads that an earlier process had, by parameter. */
export function uploadsOf(script: Script, earlier: AgainQuery["process"]): Record<string, string[]> {
  const files = new Set(script.parameters.filter(({ type }) => type === "FILE").map(({ name }) => name));
  const found: Record<string, string[]> = {};
  for (const { name, value } of earlier?.parameters ?? []) if (files.has(name)) (found[name] ??= []).push(value);
  return found;
}

export const optionOf = (name: string) => (name.length === 1 ? `-${name}` : `--${name}`);
