// Taking the output elsewhere.
import { authorization } from "#api/credentials.ts";
import { plain } from "./ansi.ts";
import { readPage } from "./feed.ts";

export const MOST_COPIED = 50_000; // lines

/** The text of these lines, without colours. */
export async function readText(id: string, from: number, to: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < to - from + 1) {
    const page = await readPage(id, from - 1 + found.length, to - from + 1 - found.length, false);
    if (!page.lines.length) break;
    found.push(...page.lines.map(({ text }) => plain(text)));
  }
  return found;
}

/** All of it as a file, by way of the older interface, which has it as plain text. */
export async function download(id: string) {
  const headers = { Accept: "text/plain", ...authorization() };
  const response = await fetch(`/api/system/processes/${id}/output`, { headers, redirect: "error" });
  if (!response.ok) throw new Error(`The server answered ${response.status}; try again in a moment.`);
  save(await response.blob(), `${id}.txt`);
}

export function save(blob: Blob, name: string) {
  const address = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
