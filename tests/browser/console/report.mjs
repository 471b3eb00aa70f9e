// What a script tells of itself: its progress live, notices, values, and a summary that may be hostile.

import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { enter, look, origin, run } from "./visit.mjs";

const TELLS = `import json, os, time
events = open(os.environ["PROCESSION_EVENTS"], "a", buffering=1)
tell = lambda **event: print(json.dumps(event), file=events)
tell(progress={"done": 999, "total": 1000, "unit": "items", "message": "Reading"}, warning="A title is missing")
while not os.path.exists("GATE"):
    time.sleep(0.02)
tell(values={"added": 1000}, progress={"done": 1000, "total": 1000, "unit": "items"})
tell(summary="## Items\\n\\n| added | failed |\\n|---|---|\\n| 1000 | 0 |\\n\\n<script>alert(1)</script>\\n\\n[go](javascript:alert(1))")
`;

export async function report(browser) {
  const gate = path.join(await mkdtemp(path.join(tmpdir(), "gate-")), "open");
  const id = await run(TELLS.replace("GATE", gate));
  const page = await enter(browser, `/processes/${id}`);
  await page.getByText("999 of 1,000 items", { exact: true }).waitFor();
  await page.getByText("99 %", { exact: true }).waitFor(); // it is not done
  await page.locator(".status.running").getByText("99 %").waitFor();
  await page.getByText("A title is missing", { exact: true }).waitFor();
  await look(page, "process-progress");
  await writeFile(gate, "");
  await page.locator(".status.completed").waitFor();
  const summary = page.getByRole("region", { name: "Summary" }).last();
  await summary.getByRole("cell", { name: "1000" }).waitFor();
  await summary.getByText("<script>alert(1)</script>").waitFor();
  assert.equal(await summary.getByText("go", { exact: true }).getAttribute("href"), "");
  await page.getByText("100 %", { exact: true }).waitFor();
  await look(page, "process-told");
  assert.equal(new URL(page.url()).origin, new URL(origin).origin);
  await page.context().close();
}
