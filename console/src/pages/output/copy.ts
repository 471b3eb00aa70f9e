// Taking the output elsewhere.
import { authorization } from "#api/credentials.ts";
import { plain } from "./ansi.ts";
import { readPage } from "./feed.ts";

export const MOST_COPIED = 50_000; // lines
const LONGEST_COPIED = 20_000_000; // characters

/** The text of these lines, without colours. Fails where it is very long. */
export async function readText(id: string, from: number, to: number): Promise<string[]> {
  const found: string[] = [];
  let length = 0;
  while (found.length < to - from + 1) {
    const page = await readPage(id, from - 1 + found.length, to - from + 1 - found.length, false);
    if (!page.lines.length) break;
    found.push(...page.lines.map(({ text }) => plain(text)));
    length += page.lines.reduce((sum, { text }) => sum + text.length, 0);
    if (length > LONGEST_COPIED) throw new Error("These lines are too long to be copied: download them, or mark fewer.");
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
