// Builds the page into dist/: index.html, and assets/ whose names carry a hash of their content.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";

const BASE = "/graphql/assets/";
const root = import.meta.dirname;
const dist = join(root, "dist");
const assets = join(dist, "assets");

const COMMON = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome123", "firefox121", "safari17.5"],
  minify: true,
  charset: "utf8",
  legalComments: "none", // All licences are in one file.
  outdir: assets,
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".ttf": "file", ".svg": "file" },
  // GraphiQL asks for these by their old names, which lead to CommonJS files: their exports get lost on the way.
  alias: { "prettier/parser-graphql": "prettier/plugins/graphql", "prettier/parser-babel": "prettier/plugins/babel" },
  define: { "process.env.NODE_ENV": '"production"' },
  metafile: true,
  logLevel: "warning",
};

const WORKERS = {
  editor: "monaco-editor/esm/vs/editor/editor.worker.js",
  json: "monaco-editor/esm/vs/language/json/json.worker.js",
  graphql: "monaco-graphql/esm/graphql.worker.js",
};

/** `import examples from "examples"`: each examples/NN-name.graphql with its variables, NN-name.json. */
const EXAMPLES = {
  name: "examples",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^examples$/ }, () => ({ path: "examples", namespace: "examples" }));
    onLoad({ filter: /.*/, namespace: "examples" }, async () => ({
      contents: JSON.stringify(await readExamples()),
      loader: "json",
    }));
  },
};

async function readExamples() {
  const folder = join(root, "examples");
  const files = (await readdir(folder)).sort();
  return Promise.all(
    files.filter((file) => file.endsWith(".graphql")).map(async (file) => {
      const name = basename(file, ".graphql");
      const read = (path) => readFile(join(folder, path), "utf8").then((text) => text.trimEnd());
      return { name, query: await read(file), variables: files.includes(`${name}.json`) ? await read(`${name}.json`) : "" };
    }),
  );
}

const isPackage = (path) => path.includes("node_modules/");
const packageOf = (path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(path)[1];

/** The licence and notices of each package that gave at least one file. */
async function licences(inputs) {
  const folders = [...new Set(inputs.filter(isPackage).map(packageOf))].sort();
  const parts = await Promise.all(folders.map(async (folder) => {
    const { name, version, license, author } = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
    const notices = (await readdir(join(root, folder))).filter((file) => /^(licen[cs]e|copying|notice|thirdpartynotices)/i.test(file)).sort();
    const texts = await Promise.all(notices.map((file) => readFile(join(root, folder, file), "utf8")));
    if (!notices.length) texts.push("The package carries no licence text of its own.");
    const by = typeof author === "string" ? author : author?.name;
    return [`${name} ${version} (${license})${by ? `, by ${by}` : ""}`, ...texts.map((text) => text.trim())].join("\n\n");
  }));
  return `This page contains the following packages.\n\n${parts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

async function write(name, extension, text) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 8).toUpperCase();
  const file = `${name}-${hash}.${extension}`;
  await writeFile(join(assets, file), text);
  return file;
}

const outputOf = ({ metafile }, entry) =>
  Object.entries(metafile.outputs).find(([, output]) => output.entryPoint?.endsWith(entry));

/** The scripts that the page needs before it can begin: named in the head, they load side by side. */
function preloads({ outputs }, path, found = new Set()) {
  for (const { path: next, kind } of outputs[path].imports) {
    if (kind !== "import-statement" || found.has(next)) continue;
    found.add(next);
    preloads({ outputs }, next, found);
  }
  return found;
}

async function page() {
  await rm(dist, { recursive: true, force: true });
  await mkdir(assets, { recursive: true });
  const workers = await build({ ...COMMON, entryPoints: Object.values(WORKERS) });
  const addresses = Object.fromEntries(
    Object.entries(WORKERS).map(([name, entry]) => [name, `./${basename(outputOf(workers, entry)[0])}`]),
  );
  const options = { ...COMMON, entryPoints: ["src/page.tsx"], jsx: "automatic", plugins: [EXAMPLES] };
  const inputs = async (define) => (await build({ ...options, define, write: false })).metafile.inputs;
  const define = { ...COMMON.define, WORKERS: JSON.stringify(addresses), LICENCES: '""' };
  const used = [...Object.keys(workers.metafile.inputs), ...Object.keys(await inputs(define))];
  const notices = await write("licences", "txt", await licences(used));
  const result = await build({ ...options, define: { ...define, LICENCES: JSON.stringify(BASE + notices) } });
  await writeIndex(result);
}

async function writeIndex(result) {
  const [script, { cssBundle }] = outputOf(result, "src/page.tsx");
  const icon = await write("icon", "svg", await readFile(join(root, "src/icon.svg"), "utf8"));
  const address = (path) => BASE + basename(path);
  const head = [
    `<link rel="icon" type="image/svg+xml" href="${address(icon)}">`,
    `<link rel="stylesheet" href="${address(cssBundle)}">`,
    ...[...preloads(result.metafile, script)].map((path) => `<link rel="modulepreload" href="${address(path)}">`),
    `<script type="module" src="${address(script)}"></script>`,
  ].join("\n");
  const html = await readFile(join(root, "src/index.html"), "utf8");
  await writeFile(join(dist, "index.html"), html.replace("{{head}}", () => head));
  await removeSpareStyles(result.metafile, cssBundle);
}

/** Parts that are loaded later bring style sheets that nothing would load: the page's own must hold all of them. */
async function removeSpareStyles({ outputs }, own) {
  const spare = Object.keys(outputs).filter((path) => path.endsWith(".css") && path !== own);
  const missing = spare.flatMap((path) => Object.keys(outputs[path].inputs)).filter((input) => !(input in outputs[own].inputs));
  if (missing.length) throw new Error(`styles that would never be loaded: ${missing.join(", ")}`);
  await Promise.all(spare.map((path) => rm(join(root, path))));
}

await page();
