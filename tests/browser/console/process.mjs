// One process: its output, live and long, its files, its end.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { ask, endable, enter, forgive, long, look, open, origin, refuse, run } from "./visit.mjs";

const LINES = 240;
const LAST = 10_000_000;
const WRITES = `import os, sys, time, zlib, struct
out = os.environ["PROCESSION_OUTPUT_DIR"]
for number in range(1, 201):
    print(f"\\x1b[3{number % 8}mline\\x1b[0m {number}")
sys.stdout.flush()
for number in range(201, ${LINES + 1}):
    while number == 201 and not os.path.exists("GATE"):
        time.sleep(0.02)
    print("line", number, flush=True)
    time.sleep(0.01)
open(out + "/table.csv", "w").write('name,words\\n"Ada, L.","said ""hello"""\\n')
open(out + "/broken.csv", "w").write('a,b\\n1,2\\n3,"four\\n')
open(out + "/notes.txt", "w").write("some words\\n" * 3)
open(out + "/odd.bin", "wb").write(bytes(range(256)))
def chunk(kind, body): return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
rows = b"".join(b"\\0" + bytes((x * 4, y * 4, 120)) * 1 for y in range(60) for x in [y])
picture = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">2I5B", 1, 60, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
open(out + "/picture.png", "wb").write(picture)
`;
const COLOURED = `for number in range(1, 2601):
    print({900: "\\x1b[1;32m", 2550: "\\x1b[31m", 2552: "\\x1b[4m", 2554: "\\x1b[m", 2556: "\\x1b[4:3m", 2558: "\\x1b[4:0;58;5;1m", 2560: "\\x1b[38:2::1:2:3m", 2562: "\\x1b[m"}.get(number, "") + str(number))
`;
const STUBBORN = `import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while not os.path.exists("GATE"):
    time.sleep(0.02)`;

const output = (page) => page.getByRole("log");
const line = (page, seq) => output(page).locator(`[data-line="${seq}"]`);

/** Waits until a line is drawn with this text, and not only its place. */
async function shows(page, seq, text) {
  const found = output(page).locator(".line", { has: page.locator(`[data-line="${seq}"]`) }).locator(".text", { hasText: new RegExp(`^${text}$`) });
  await found.waitFor();
  return found;
}

/** Lines come as they are printed, each once, also when the connection is cut meanwhile. */
export async function live(browser) {
  const page = await enter(browser, "/timeline");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const sockets = [];
  let isCut = false;
  await page.routeWebSocket(/graphql/, (socket) => {
    if (isCut) return void socket.close({ code: 1012 });
    socket.connectToServer();
    sockets.push(socket);
  });
  const gate = path.join(await mkdtemp(path.join(tmpdir(), "gate-")), "open");
  const id = await run(WRITES.replace("GATE", gate));
  await page.goto(`${origin}/processes/${id}`);
  await line(page, 200).waitFor();
  await page.getByText("following").waitFor();
  for (const code of [1011, 1012]) { // of a computer that has slept, and of a server that ends
    isCut = true;
    await sockets.at(-1).close({ code });
    await page.getByText("Connecting again").waitFor();
    if (code === 1012) break;
    isCut = false;
    await page.getByText("Connecting again").waitFor({ state: "detached" });
  }
  await writeFile(gate, "");
  await look(page, "process-cut");
  isCut = false;
  await line(page, LINES).waitFor();
  await page.locator(".status.completed").waitFor();
  await page.getByText(`${LINES} lines, complete`).waitFor();
  await look(page, "process");
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByText(`${LINES} lines are copied.`).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.deepEqual(copied.split("\n"), Array.from({ length: LINES }, (_, index) => `line ${index + 1}`));
  await page.evaluate((hash) => (location.hash = hash), `#L${LINES - 1}-L1000`);
  await page.getByRole("button", { name: "Copy marked" }).click();
  await page.getByText("2 lines are copied.", { exact: true }).waitFor();
  await page.evaluate(() => (location.hash = "#L1000"));
  await page.getByRole("button", { name: "Copy marked" }).click();
  await page.locator(".toast", { hasText: "There are no such lines to copy." }).getByRole("button").click();
  assert.equal((await page.evaluate(() => navigator.clipboard.readText())).split("\n").length, 2);
  const [downloaded] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download", exact: true }).click()]);
  const text = await readFile(await downloaded.path(), "utf8");
  assert.equal(text.split("\n").length, LINES + 1);
  await files(page, id);
  await page.context().close();
  forgive();
}

async function files(page, id) {
  const preview = page.getByRole("dialog");
  for (const [name, shown] of [
    ["table.csv", preview.getByRole("cell", { name: "Ada, L." })],
    ["broken.csv", preview.getByRole("row", { name: "3" }).or(preview.getByText("What follows is no table by the rules of CSV")).nth(1)],
    ["notes.txt", preview.getByText("some words").first()],
    ["picture.png", preview.getByRole("img")],
    ["odd.bin", preview.getByText("no text and no picture")],
  ]) {
    await page.getByRole("button", { name, exact: true }).click();
    await shown.waitFor();
    if (name !== "notes.txt") await look(page, `preview-${name.split(".")[0]}`);
    if (name === "picture.png") assert.ok(await shown.evaluate((picture) => picture.decode().then(() => picture.naturalHeight === 60)));
    await page.keyboard.press("Escape");
    await preview.waitFor({ state: "detached" });
  }
  await page.getByRole("button", { name: "notes.txt", exact: true }).click();
  await preview.getByText("some words").first().waitFor();
  const mend = await refuse(page, "**/graphql", /query Address/);
  await preview.getByRole("link", { name: "Download" }).click();
  await page.locator(".toast.problem", { hasText: "cannot be reached" }).waitFor();
  await mend();
  await page.keyboard.press("Escape");
  const [downloaded] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download notes.txt" }).click()]);
  const digest = createHash("sha256").update(await readFile(await downloaded.path())).digest("hex");
  const { process: found } = await ask("query ($id: ID!) { process(id: $id) { files { name sha256 } } }", { id });
  assert.equal(digest, found.files.find(({ name }) => name === "notes.txt").sha256);
}

/** Ten million lines: it opens at the end, and goes anywhere at once. */
export async function longOutput(browser) {
  const page = await enter(browser, `/processes/${long}`);
  await line(page, LAST).waitFor();
  await page.getByText("10,000,000 lines").waitFor();
  await look(page, "output-long");
  await output(page).focus();
  await page.keyboard.press("Home");
  await line(page, 1).waitFor();
  await shows(page, 1, "1: written");
  await wheel(page);
  await drag(page);
  await page.keyboard.press("End");
  await line(page, LAST).waitFor();
  await jump(page);
  await search(page);
  await settings(page);
  const slowest = await frames(page);
  await page.context().close();
  return { slowestFrameMilliseconds: slowest };
}

/** The number of the line at the upper edge. */
const top = (page) => page.evaluate(() => {
  const edge = document.querySelector(".screen").getBoundingClientRect().top;
  return Number([...document.querySelectorAll(".line")].find((each) => each.getBoundingClientRect().bottom > edge + 1)?.querySelector("a").dataset.line);
});

/** Waits, frame by frame, until this line is at the upper edge. */
async function arrives(page, seq) {
  const end = Date.now() + 30_000;
  while ((await top(page)) !== seq) {
    assert.ok(Date.now() < end, `line ${await top(page)} is at the edge, not ${seq}`);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

/** A turn of the wheel moves by so many lines, wherever it is. */
async function wheel(page) {
  const box = await output(page).boundingBox();
  await page.mouse.move(box.x + 300, box.y + 100);
  await page.mouse.wheel(0, 190);
  await arrives(page, 11);
}

/** The scroll bar leads to as large a share of the lines. */
async function drag(page) {
  await output(page).evaluate((screen) => (screen.scrollTop = (screen.scrollHeight - screen.clientHeight) / 2));
  await page.waitForFunction(() => Number(document.querySelector(".line a")?.dataset.line) > 4_900_000);
  assert.ok(Math.abs((await top(page)) - LAST / 2) < 1000);
  const before = await top(page);
  await page.mouse.wheel(0, 19 * 20);
  await arrives(page, before + 20);
}

async function jump(page) {
  await page.evaluate(() => (location.hash = "#L5000001-L5000003"));
  await page.locator(".line.marked").nth(2).waitFor();
  await shows(page, 5_000_001, "1: written"); // after 250 chunks of 20 000
  await page.getByText("following").waitFor({ state: "detached" });
  await page.goto(`${origin}/processes/${long}#L77`);
  await page.locator(".line.marked").waitFor();
  await line(page, 77).click();
  await line(page, 79).click({ modifiers: ["Shift"] });
  assert.equal(new URL(page.url()).hash, "#L77-L79");
}

async function search(page) {
  await page.getByLabel("Search the output").fill("19999: wri");
  await page.keyboard.press("Enter");
  const found = page.getByRole("region", { name: "Lines found" });
  await found.getByRole("button", { name: /^39999 / }).click();
  await page.locator(".line.marked").getByText("19999: ", { exact: false }).waitFor();
  assert.equal(new URL(page.url()).hash, "#L39999");
  await page.locator(".line.marked mark").first().waitFor();
  await look(page, "output-search");
  await page.getByRole("button", { name: "Close the search" }).click();
}

async function settings(page) {
  await page.getByRole("button", { name: "Times" }).click();
  await page.locator(".line.marked time[title$=UTC]").waitFor();
  await page.getByRole("button", { name: "Wrap" }).click();
  await page.locator(".screen.wraps").waitFor();
  assert.equal(await page.locator(".line.marked").count(), 1);
  await page.mouse.wheel(0, 100);
  await look(page, "output-times-wrap");
}

/** Colours go on from line to line, as far as the lines before are here: at least from the beginning of their thousand. */
export async function colours(browser) {
  const id = await run(COLOURED);
  const page = await enter(browser, `/processes/${id}`);
  await page.getByText("2,600 lines, complete").waitFor();
  const classes = (seq) => shows(page, seq, seq).then((text) => text.locator("span").getAttribute("class"));
  assert.deepEqual(await Promise.all([2600, 2554].map(classes)), [null, null]);
  await page.evaluate(() => (location.hash = "#L2551"));
  assert.deepEqual(await Promise.all([2549, 2550, 2551, 2553, 2555].map(classes)), [null, "c1", "c1", "underlined c1", null]);
  assert.deepEqual(await Promise.all([2556, 2558, 2560, 2562].map(classes)), ["underlined", null, null, null]);
  assert.equal(await (await shows(page, 2561, "2561")).locator("span").getAttribute("style"), "color: rgb(1, 2, 3);");
  await page.evaluate(() => (location.hash = "#L1500"));
  assert.equal(await classes(1500), null); // the lines before 1001 are not here
  await page.evaluate(() => (location.hash = "#L990"));
  assert.equal(await classes(990), "bold c2");
  assert.equal(await classes(1001), "bold c2");
  await page.evaluate(() => (location.hash = "#L1500"));
  assert.equal(await classes(1500), "bold c2");
  await page.context().close();
}

const MANY = 1500;
const WAITS = `import os, time
print(*("line %d" % number for number in range(1, ${MANY + 1})), sep="\\n", flush=True)
while not os.path.exists("GATE"):
    time.sleep(0.02)
print("the end")`;
const WIDE = `print("START", "word " * 8000, "\\x1b[1mFIN\\x1b[mISH")
print("other: words")
print("plain words")`;

/** What fails while somebody reads says so, and is read or followed again. */
export async function mending(browser) {
  const gate = path.join(await mkdtemp(path.join(tmpdir(), "gate-")), "open");
  const id = await run(WAITS.replace("GATE", gate));
  const page = await open(browser);
  const stop = await endable(page);
  await enter(page, `/processes/${id}`);
  await page.getByText("1,500 lines, following").waitFor();
  await marking(page);
  await page.goto("about:blank");
  await page.goto(`${origin}/processes/${id}`);
  await page.getByText("1,500 lines, following").waitFor();
  const asked = [];
  const mend = await refuse(page, "**/graphql", /query Block/, () => asked.push(Date.now()));
  await output(page).focus();
  await page.keyboard.press("Home");
  const unread = page.locator(".output .problem").getByText("The server cannot be reached.");
  await unread.waitFor();
  await look(page, "output-unread");
  await page.keyboard.press("End"); // so that it follows
  await page.getByText("following").waitFor();
  await unread.waitFor({ state: "detached" }); // of what is not looked at any more
  await stop(/Follow/);
  await page.getByRole("button", { name: "Follow again" }).waitFor();
  assert.equal(await page.getByText("following").count(), 0);
  await stop(/Watch/);
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await look(page, "output-not-live");
  await output(page).focus();
  await page.keyboard.press("Home");
  while (asked.length < 3) await page.waitForTimeout(50);
  assert.ok(asked[1] - asked[0] > 400 && asked[2] - asked[1] > 900, `asked at ${asked}`);
  await mend();
  await shows(page, 1, "line 1");
  await unread.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Follow again" }).click();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".problem").waitFor({ state: "detached" });
  await writeFile(gate, "");
  await page.getByText("1,501 lines, complete").waitFor();
  await page.locator(".status.completed").waitFor();
  await page.context().close();
  forgive();
}

/** A find leads to its line each time; a click on a number leaves the text where it is. */
async function marking(page) {
  await page.getByLabel("Search the output").fill("line 700");
  await page.keyboard.press("Enter");
  const find = page.getByRole("region", { name: "Lines found" }).getByRole("button", { name: /^700/ });
  for (let times = 0; times < 2; times += 1) {
    await find.click();
    await arrives(page, 695);
    await output(page).focus();
    await page.keyboard.press("Home");
    await arrives(page, 1);
  }
  await page.getByRole("button", { name: "Close the search" }).click();
  await line(page, 9).click();
  await page.locator(".line.marked", { has: page.locator('[data-line="9"]') }).waitFor();
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
  assert.equal(await top(page), 1);
}

/** Few lines that are long, and no clipboard. */
export async function wide(browser) {
  const id = await run(WIDE);
  const page = await open(browser);
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "clipboard", { get: () => undefined }));
  await enter(page, `/processes/${id}`);
  await page.getByText("3 lines, complete").waitFor();
  await page.getByRole("button", { name: "Copy: the id" }).click();
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.locator(".toast", { hasText: "This browser copies only on pages by HTTPS" }).nth(1).waitFor();
  await look(page, "output-wide");
  await page.getByLabel("Regular expression").check();
  await page.getByLabel("Search the output").fill("(?i)^(\\w+\\s?)+$"); // no pattern of a browser's
  await page.keyboard.press("Enter");
  await page.locator(".line mark").getByText("plain words").waitFor();
  assert.equal(await page.locator(".line mark").count(), 1);
  await look(page, "output-found");
  await lit(page);
  await page.getByRole("button", { name: "Close the search" }).click();
  await page.getByRole("button", { name: "Wrap" }).click();
  await page.locator(".screen.wraps").waitFor();
  await output(page).focus();
  await page.keyboard.press("Home");
  const hidden = () => page.evaluate(() => document.querySelector(".screen").getBoundingClientRect().top - document.querySelector(".line").getBoundingClientRect().top);
  await arrives(page, 1);
  const box = await output(page).boundingBox();
  await page.mouse.move(box.x + 300, box.y + 100);
  await page.waitForFunction(() => document.querySelector(".screen").scrollTop === 0);
  assert.ok((await hidden()) < 1);
  await page.mouse.wheel(0, 300);
  await page.waitForFunction(() => document.querySelector(".screen").scrollTop === 300);
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.ok(Math.abs((await hidden()) - 300) < 2);
  await page.keyboard.press("End");
  await page.waitForFunction(() => document.querySelector(".line:last-child").getBoundingClientRect().bottom <= document.querySelector(".screen").getBoundingClientRect().bottom + 1);
  await tallest(page);
  await page.context().close();
}

/** What is found very often in a line, and what reaches over two colours. */
async function lit(page) {
  await page.getByLabel("Regular expression").uncheck();
  for (const [words, count] of [["nish", 2], ["or", 1002]]) {
    await page.locator(".find button:enabled").waitFor(); // until then Enter does nothing
    await page.getByLabel("Search the output").fill(words);
    await page.keyboard.press("Enter");
    await page.waitForFunction((wanted) => document.querySelectorAll(".line mark").length === wanted, count);
  }
}

/** The wheel leads through a last line that is much longer than those before, of which not all are drawn. */
async function tallest(page) {
  const id = await run('for number in range(200): print("short")\nprint("word " * 8000)');
  await page.goto(`${origin}/processes/${id}#L201`);
  await page.getByText("201 lines, complete").waitFor();
  await page.locator(".screen.wraps").waitFor();
  await page.locator(".line.marked").waitFor();
  const box = await output(page).boundingBox();
  await page.mouse.move(box.x + 300, box.y + 100);
  const hidden = () => page.evaluate(() => document.querySelector(".screen").getBoundingClientRect().top - document.querySelector(".line:last-child").getBoundingClientRect().top);
  for (let before = await hidden(); before < 1000; before = await hidden()) {
    await page.mouse.wheel(0, 300);
    await page.waitForFunction((known) => document.querySelector(".screen").getBoundingClientRect().top - document.querySelector(".line:last-child").getBoundingClientRect().top > known + 250, before);
    await page.waitForFunction(() => {
      const { scrollTop, scrollHeight, clientHeight } = document.querySelector(".screen");
      return Math.abs(scrollHeight - clientHeight - scrollTop - 400) < 2; // there is more, and the bar has been set right
    });
  }
}

const HUGE = 10_000; // characters of each line

/** Of long lines fewer are kept than of short ones: those that were looked at longest ago are asked for again. */
export async function memory(browser) {
  const page = await open(browser);
  await page.addInitScript((characters) => {
    const { fetch } = globalThis;
    globalThis.asked = [];
    globalThis.fetch = async (address, options) => {
      const { query = "", variables } = options?.body && address === "/graphql" ? JSON.parse(options.body) : {};
      if (!query.startsWith("query Block")) return fetch(address, options);
      const { after, first } = variables;
      globalThis.asked.push(after / 1000);
      const text = Array.from({ length: first }, (_, index) => `${after + index + 1}:${"x".repeat(characters)}`).join("\n");
      return Response.json({ data: { process: { output: { firstSeq: after + 1, lastSeq: after + first, text, hasMore: true } } } });
    };
  }, HUGE);
  await enter(page, `/processes/${long}`);
  await line(page, LAST).waitFor();
  for (const block of [1, 2, 3, 4, 5, 3, 5, 1]) {
    await page.evaluate((hash) => (location.hash = hash), `#L${block * 1000 + 500}`);
    await shows(page, block * 1000 + 500, `${block * 1000 + 500}:x+`);
  }
  assert.deepEqual(await page.evaluate(() => globalThis.asked), [1, 2, 3, 4, 5, 1]);
  await page.context().close();
}

/** A process that could not be read at first is asked for again; one that is not there is not. */
export async function unread(browser) {
  const id = await run("print(1)");
  const page = await open(browser);
  let isRefused = false;
  await page.routeWebSocket(/graphql/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const { type, id: number, payload } = JSON.parse(message);
      if (type === "subscribe" && payload.query.includes("Watch") && !isRefused) {
        isRefused = true;
        socket.send(JSON.stringify({ id: number, type: "error", payload: [{ message: "Too much at once.", extensions: { code: "LIMIT" } }] }));
      } else server.send(message);
    });
  });
  await enter(page, `/processes/${id}`);
  await page.getByText("Too much at once.").waitFor();
  await look(page, "process-unread");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".status.completed").waitFor();
  await page.goto(`${origin}/processes/${id.slice(1)}`);
  await page.getByText("Is the address whole?").waitFor();
  await look(page, "process-wrong-address");
  await page.context().close();
}

/** The longest time between two frames while the wheel turns and turns. */
async function frames(page) {
  await page.evaluate(() => {
    globalThis.gaps = [];
    let before = performance.now();
    const next = (now) => {
      globalThis.gaps.push(now - before);
      before = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  for (let turn = 0; turn < 30; turn += 1) await page.mouse.wheel(0, 240);
  return page.evaluate(() => Math.round(Math.max(...globalThis.gaps.slice(1))));
}

/** Stopping is told step by step; failures are told in words. */
export async function ends(browser) {
  const gate = path.join(await mkdtemp(path.join(tmpdir(), "gate-")), "open");
  const [stubborn, failed] = await Promise.all([run(STUBBORN.replace("GATE", gate), "patient"), run("print('on no'); raise SystemExit(3)")]);
  const page = await enter(browser, `/processes/${stubborn}`);
  await output(page).getByText("ready").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Stop" }).click();
  await page.locator(".stopping").getByText("SIGTERM sent").waitFor();
  await look(page, "process-stopping");
  await writeFile(gate, "");
  await page.locator(".outcome.stopped").getByText("Stopped by admin").waitFor();
  await output(page).getByText("SIGTERM sent").waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await look(page, "process-delete");
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await page.waitForURL(/\/processes$/);
  await page.getByText("is deleted.").waitFor();
  await page.goto(`${origin}/processes/${failed}`);
  await page.getByText("The script itself says that it failed").waitFor();
  await look(page, "process-failed");
  await page.goto(`${origin}/processes/${stubborn}`);
  await page.getByText(`There is no process ${stubborn}`).waitFor();
  await page.goto(`${origin}/processes/${stubborn}/nothing`);
  await page.getByText("There is nothing at this address").waitFor();
  await look(page, "nothing");
  await page.context().close();
}
