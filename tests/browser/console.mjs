// The console as people use it, a chapter for each of its pages.
//
// Given: URL of the server, TOKEN and PASSWORD of its administrator “admin”, an ARCHIVE to import, the id of a process with a
// LONG output and, where they are wanted, a folder for PICTURES; CHAPTERS names some to be told only. Prints what came of each.

import { list, firstView, phone, signIn } from "./console/list.mjs";
import { elsewhere } from "./console/deliveries.mjs";
import { users } from "./console/admin.mjs";
import { colours, ends, live, longOutput, memory, mending, unread, wide } from "./console/process.mjs";
import { report } from "./console/report.mjs";
import { session } from "./console/session.mjs";
import { carefully, pause, start, upload } from "./console/start.mjs";
import { telling, tellingWithout } from "./console/telling.mjs";
import { timeline, timelineDark } from "./console/timeline.mjs";
import { seen } from "./console/visit.mjs";
import { launch } from "./chromium.mjs";

const chapters = {
  firstView, signIn, session, list, phone, live, report, colours, longOutput, memory, mending, unread, wide, ends, start, carefully, upload, pause, telling, tellingWithout, elsewhere, timeline, timelineDark, users,
};
const ALONE = ["firstView"]; // which measures
const BESIDE = ["longOutput", "start", "upload", "pause", "users", "session"]; // the others, which take as long
const wanted = process.env.CHAPTERS?.split(",") ?? Object.keys(chapters);

const browser = await launch();
const told = {};

async function visit(names) {
  for (const name of names.filter((each) => wanted.includes(each))) {
    const began = Date.now();
    const came = await chapters[name](browser).then((answer = null) => ({ answer }), ({ stack }) => ({ failed: stack }));
    told[name] = { ...came, milliseconds: Date.now() - began };
  }
}

await visit(ALONE);
await Promise.all([visit(BESIDE), visit(Object.keys(chapters).filter((name) => ![...ALONE, ...BESIDE].includes(name)))]);
await browser.close();
console.log(JSON.stringify({ chapters: told, ...seen }));
