// A real Chromium, headless: the one on the path (CHROMIUM names it), else the one from npm.

import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";

import { chromium } from "playwright-core";
import tar from "tar-fs";

const { resolve } = createRequire(import.meta.url);
const PACKED = path.join(path.dirname(resolve("@sparticuz/chromium")), "../../bin");
const UNPACKED = fileURLToPath(new URL("node_modules/.chromium/", import.meta.url));

// What the browser would otherwise ask of the world outside, and what a test machine may not have.
const FLAGS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
];

const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

// Playwright's browser. It runs without Chromium's own sandbox, which needs rights that a container
// often lacks: open only pages of our own in it.
export async function launch() {
  if (process.env.CHROMIUM) {
    return chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
  }
  await unpack();
  return chromium.launch({
    executablePath: path.join(UNPACKED, "chromium"),
    args: FLAGS,
    // The libraries and fonts that a small system lacks come with it.
    env: {
      ...process.env,
      FONTCONFIG_FILE: path.join(UNPACKED, "fonts.conf"),
      LD_LIBRARY_PATH: path.join(UNPACKED, "lib"),
      XDG_CACHE_HOME: path.join(UNPACKED, "cache"),
    },
  });
}

// Once. Under another name first, so that what was cut short is never taken for the whole.
async function unpack() {
  if (existsSync(UNPACKED)) return;
  const folder = await mkdtemp(path.join(path.dirname(UNPACKED), ".unpacking-"));
  try {
    await Promise.all([
      decompress("chromium.br", createWriteStream(path.join(folder, "chromium"), { mode: 0o755 })),
      decompress("al2023.tar.br", tar.extract(folder, { chown: false })),
      decompress("fonts.tar.br", tar.extract(folder, { chown: false })),
      decompress("swiftshader.tar.br", tar.extract(folder, { chown: false })),
    ]);
    await writeFile(path.join(folder, "fonts.conf"), FONTS);
    await rename(folder, UNPACKED);
  } catch (error) {
    await rm(folder, { recursive: true });
    if (!existsSync(UNPACKED)) throw error; // else another test was first
  }
}

async function decompress(name, target) {
  await pipeline(createReadStream(path.join(PACKED, name)), createBrotliDecompress(), target);
}
