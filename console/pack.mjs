// Packs what was built, so that the server need not: each file beside itself as `.br` and `.gz`, where that is smaller.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = import.meta.dirname;
const built = join(root, "../server/pages");
const SMALL = 1000; // bytes that are not worth it
const QUALITY = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };

async function pack(path) {
  const bytes = await readFile(path);
  if (bytes.length < SMALL) return;
  await writeFile(`${path}.br`, brotliCompressSync(bytes, QUALITY));
  await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}

const files = await readdir(built, { recursive: true, withFileTypes: true });
await Promise.all(files.filter((each) => each.isFile()).map((each) => pack(join(each.parentPath, each.name))));
