// Starting: the form of a script, files, times, and again.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { archive, ask, enter, forgive, look, open, origin, refuse, run, seen, token } from "./visit.mjs";

const SLOWLY = 40_000; // bytes a second: what is looked at meanwhile takes its time on a busy machine
const FOUND = "query ($id: ID!) { process(id: $id) { startTime parameters { name value } uploads { name size } } }";

export async function start(browser) {
  const page = await enter(browser, "/start");
  await page.getByRole("link", { name: "echo" }).waitFor();
  await look(page, "scripts");
  await page.getByRole("link", { name: "echo" }).click();
  await fillIn(page);
  await look(page, "start");
  await refused(page);
  const id = await scheduled(page);
  await again(page, id);
  await page.context().close();
}

async function fillIn(page) {
  const texts = page.locator(".field.string").filter({ hasText: "any text" });
  await texts.getByRole("textbox").fill("it's\ntwo lines");
  await texts.getByRole("button", { name: "Another" }).click();
  await texts.getByRole("textbox").nth(1).fill("second");
  await page.getByLabel("flag").check();
  await page.getByLabel("i", { exact: true }).fill("1.5");
  await page.getByLabel("x", { exact: true }).fill("a secret word");
  await page.getByLabel("c", { exact: true }).selectOption("green");
  const files = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    for (const name of ["one.txt", "two.txt"]) transfer.items.add(new File([name], name));
    return transfer;
  });
  await page.locator(".drop").dispatchEvent("drop", { dataTransfer: files });
  await page.locator(".drop").getByText("two.txt").waitFor();
  await page.getByText("As a command line, curl or GraphQL").click();
  const shown = (name) => page.getByRole("tabpanel", { name }).locator("pre").innerText();
  const line = await shown("Command line");
  assert.equal(line, "procession start echo --string 'it'\\''s\ntwo lines' --string second --flag -i 1.5 --file one.txt --file two.txt -x *** -c green --follow");
  await page.getByRole("tab", { name: "curl" }).click();
  assert.match(await shown("curl"), /-F 1=@two.txt$/);
  await page.getByRole("tab", { name: "GraphQL" }).click();
  assert.match(await shown("GraphQL"), /^mutation Start[^]*"script": "echo"/);
}

/** What the server does not take is told beside its field. */
async function refused(page) {
  await page.getByRole("button", { name: "Start", exact: true }).click();
  const field = page.locator(".field.integer").filter({ hasText: "a whole number" });
  await field.locator(".wrong").getByText("whole number").waitFor();
  await field.locator("input:focus").waitFor();
  await look(page, "start-refused");
  await field.getByRole("textbox").fill("15");
}

/** For a time on the clocks of Tokyo. */
async function scheduled(page) {
  await page.getByLabel("At a time").check();
  await page.getByLabel("Start time").fill("2031-05-06T07:08");
  await page.getByLabel("Time zone").selectOption("Asia/Tokyo");
  await page.getByText("2031-05-05 22:08:00.000 UTC").waitFor();
  await page.getByRole("button", { name: "Schedule" }).click();
  await page.waitForURL(/\/processes\/[\w-]{36}$/);
  await page.getByText("It waits for its start time.").waitFor();
  await look(page, "process-scheduled");
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const { process: found } = await ask(FOUND, { id });
  assert.equal(found.startTime, "2031-05-05T22:08:00.000000Z");
  assert.deepEqual(found.uploads.map(({ name }) => name), ["one.txt", "two.txt"]);
  const given = found.parameters.map(({ name, value }) => `${name} ${value}`);
  assert.deepEqual(given.sort(), ["c green", "f one.txt", "f two.txt", "i 15", "n true", "s it's\ntwo lines", "s second", "x ***"]);
  return id;
}

async function again(page, id) {
  await page.getByRole("link", { name: "Start again" }).click();
  await page.waitForURL(new RegExp(`again=${id}`));
  assert.equal(await page.getByLabel("i", { exact: true }).inputValue(), "15");
  assert.equal(await page.locator(".field.string textarea").nth(1).inputValue(), "second");
  await page.getByText("Choose one.txt again").waitFor();
}

/** What is not whole is not sent, what is sent is sent once, and what fails says what to do. */
export async function carefully(browser) {
  const earlier = await run("print(1)");
  const page = await enter(browser, "/start/strict");
  await page.locator("#field-d").focus();
  await page.keyboard.type("1231");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.locator(".field.date .wrong").getByText("This is not complete.").waitFor();
  await look(page, "start-incomplete");
  await page.goto(`${origin}/start/echo`);
  await page.locator("#field-d").focus();
  await page.keyboard.type("10-20");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.locator(".field.integer .wrong").getByText("whole number").waitFor();
  await noTime(page);
  await startedOnce(page);
  const mend = await refuse(page, "**/graphql", /query Again/);
  await page.goto(`${origin}/start/python?again=${earlier}`);
  await page.getByText("The server cannot be reached.").waitFor();
  await look(page, "start-again-unread");
  await mend();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator("#field-c").waitFor();
  assert.equal(await page.locator("#field-c").inputValue(), "print(1)");
  const another = await refuse(page, "**/graphql", /mutation Start/);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText("Look among the processes before you start it again.").waitFor();
  await another();
  await page.goto(`${origin}/start/python?again=${crypto.randomUUID()}`);
  await page.getByText("The earlier process is not there any more.").waitFor();
  await look(page, "start-again-gone");
  await page.context().close();
  forgive();
}

/** Neither is a time that is not given, nor one that the clocks leave out. */
async function noTime(page) {
  await page.getByLabel("At a time").check();
  const moment = page.locator(".moment .wrong");
  await page.getByRole("button", { name: "Schedule" }).click();
  await moment.getByText("Give a date and a time.").waitFor();
  await page.getByLabel("Start time").fill("2031-03-30T02:30");
  await page.getByLabel("Time zone").selectOption("Europe/Berlin");
  await page.getByRole("button", { name: "Schedule" }).click();
  await moment.getByText("There is no such time that day.").waitFor();
  await look(page, "start-no-such-time");
  await page.getByLabel("At once").check();
}

/** However often somebody presses Enter meanwhile, in the only field. */
async function startedOnce(page) {
  await page.goto(`${origin}/start/waiting`);
  await page.locator("#field-c").fill(crypto.randomUUID());
  const held = [];
  const hold = (route) => (/mutation Start/.test(route.request().postData() ?? "") ? void held.push(route) : route.fallback());
  await page.route("**/graphql", hold);
  for (let press = 0; press < 3; press += 1) await page.locator("#field-c").press("Enter");
  await page.getByText("Starting…").waitFor();
  assert.equal(held.length, 1);
  await held[0].continue();
  await page.waitForURL(/\/processes\/[\w-]{36}$/);
  await page.unroute("**/graphql", hold);
  await ask("mutation ($id: ID!) { stopProcess(id: $id) { id } }", { id: page.url().split("/").at(-1) });
}

/** A file on its way shows how far it is, and can be called back. */
export async function upload(browser) {
  const page = await enter(browser, "/start/import");
  const limit = await limiter(page);
  await page.locator(".field.file input#field-z").setInputFiles({ name: "large.zip", mimeType: "application/zip", buffer: Buffer.alloc(1_000_000) });
  await limit(SLOWLY);
  await page.getByLabel("add").check();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText(/Sending, \d+ %/).waitFor();
  await look(page, "start-sending");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Sending was cancelled. Nothing was started.").waitFor();
  await limit(-1);
  await page.locator(".field.file input#field-z").setInputFiles(archive);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForURL(/\/processes\/[\w-]{36}$/);
  await page.getByRole("button", { name: "Dismiss" }).click(); // at once: it goes by itself after a while
  await page.locator(".status.completed").waitFor();
  await page.getByRole("log").getByText("item_1").first().waitFor();
  await look(page, "process-import"); // docs/console.png
  await page.goto(`${origin}/start/nothing`);
  await page.getByText("nothing").first().waitFor();
  await page.context().close();
}

/** What says how many bytes a second may go to the server. */
async function limiter(page) {
  const throttle = await page.context().newCDPSession(page);
  return (uploadThroughput) =>
    throttle.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
}

/** A way to the server that can be cut, and mended. */
async function relayed() {
  const { hostname, port } = new URL(origin);
  const sockets = new Set();
  let isCut = false;
  const relay = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const each of [near, far]) {
      sockets.add(each);
      each.on("error", () => {});
    }
    near.on("close", () => far.end()); // what has come goes on
    far.on("close", () => near.destroy());
    if (isCut) near.destroy();
    else near.pipe(far).pipe(near);
  });
  await once(relay.listen(0, "127.0.0.1").unref(), "listening"); // where the chapter fails, the program ends all the same
  const cut = (is) => {
    isCut = is;
    if (is) sockets.forEach((each) => each.destroy());
  };
  return { url: `http://127.0.0.1:${relay.address().port}`, cut: () => cut(true), mend: () => cut(false), close: () => relay.close() };
}

/** Waits until the server has something of the upload: it writes the last bytes when it notices that no more come. */
async function hasArrived(page) {
  const place = await page.evaluate(() => Object.entries(sessionStorage).find(([key]) => key.startsWith("procession.upload "))[1]);
  const headers = { Authorization: `Bearer ${token}`, "Tus-Resumable": "1.0.0" };
  for (let looks = 0; looks < 200; looks++) {
    const answer = await fetch(`${origin}${place}`, { method: "HEAD", headers });
    if (Number(answer.headers.get("Upload-Offset")) > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("Nothing of the upload has arrived");
}

const SUM = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[2], 'rb').read()).hexdigest())";

/** A file that was paused, then cut off, goes on after a reload of the page, and arrives as it is. */
export async function pause(browser) {
  const folder = await mkdtemp(path.join(tmpdir(), "psn-pause-"));
  const [file, content] = [path.join(folder, "large.bin"), randomBytes(1_500_000)];
  await writeFile(file, content);
  const way = await relayed();
  const page = await open(browser);
  await page.goto(`${way.url}/start/python#token=${token}`);
  const limit = await limiter(page);
  await begin(page, file, () => limit(SLOWLY));
  await page.getByText(/Sending, [1-9]\d %/).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/Paused at \d+ %/).waitFor();
  await look(page, "start-paused");
  await hasArrived(page);
  way.cut();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("The server cannot be reached. Trying again…").waitFor();
  await look(page, "start-cut-off");
  way.mend();
  await page.getByText(/Sending, \d+ %/).waitFor();
  way.cut(); // in the middle of it
  await page.getByText("Trying again…").waitFor();
  await page.goto("about:blank"); // else it would arrive before the page is loaded anew
  way.mend();
  await limit(-1);
  await page.goto(`${way.url}/start/python`);
  const rest = page.waitForRequest((request) => request.method() === "PATCH");
  await begin(page, file);
  const from = Number((await (await rest).allHeaders())["upload-offset"]);
  assert.ok(from > 0 && from < content.length, `it went on from ${from}`);
  await page.waitForURL(/\/processes\/[\w-]{36}$/);
  await page.getByRole("log").getByText(createHash("sha256").update(content).digest("hex")).waitFor();
  await page.context().close();
  way.close();
  await rm(folder, { recursive: true });
  // The browser complains of cuts itself, and the way is another host.
  seen.problems = seen.problems.filter((each) => !/net::ERR_(CONNECTION|EMPTY|SOCKET)|status of 409/.test(each));
  seen.outside = seen.outside.filter((each) => new URL(each).host !== new URL(way.url).host);
}

async function begin(page, file, beforehand = () => {}) {
  await page.locator("#field-c").fill(SUM);
  await page.locator("input#field-f").setInputFiles(file);
  await beforehand();
  await page.getByRole("button", { name: "Start", exact: true }).click();
}
