// The licences of the packages that go into the page: src/licences.txt.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const root = import.meta.dirname;

/** The notices of all that is installed for the page itself, not only for its building. */
async function licences() {
  const { packages } = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  const used = Object.entries(packages).filter(([path, { dev, optional, peer }]) => path && !dev && !optional && !peer);
  const parts = await Promise.all(used.map(async ([path, { version, license }]) => {
    const names = await readdir(join(root, path)).catch(() => []);
    const notices = names.filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).sort();
    const texts = await Promise.all(notices.map((name) => readFile(join(root, path, name), "utf8")));
    return [`${path.replace(/^.*node_modules\//, "")} ${version} (${license})`, ...texts.map((text) => text.trim())].join("\n\n");
  }));
  return `This page contains the following packages.\n\n${parts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

await writeFile(join(root, "src/licences.txt"), await licences());
