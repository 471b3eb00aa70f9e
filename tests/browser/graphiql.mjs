// GraphiQL as a person uses it: signs in, runs the examples, sends a file, follows a script.
//
// Given: URL of the server, TOKEN and PASSWORD of its administrator “admin”, the ARCHIVE saf.zip and, where they are wanted,
// a folder for SCREENSHOTS. Prints the ids of an import and an export as JSON.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { launch } from "./chromium.mjs";

const { URL: origin, TOKEN: token, PASSWORD: password, ARCHIVE: archive, SCREENSHOTS: screenshots } = process.env;
const LINES = 20;
const COUNT = `import os, time
for number in range(${LINES}):
    print("line", number, flush=True)
    while not number and not os.path.exists("GATE"):
        time.sleep(0.02)`;

const problems = [];
const outside = [];

const browser = await launch();
try {
  console.log(JSON.stringify(await visit()));
} finally {
  await browser.close();
}

async function visit() {
  const page = await open();
  await signInByForm(page);
  await listScripts(page);
  const imported = await importFile(page);
  await downloadMapFile(page, imported);
  const exported = await run(page, "StartProcess");
  const folder = await mkdtemp(path.join(tmpdir(), "psn-gate-"));
  const gate = path.join(folder, "open");
  const id = await start(page, { script: "python", parameters: [{ name: "c", value: COUNT.replace("GATE", gate) }] });
  await followOutput(page, id, gate);
  await rm(folder, { recursive: true });
  await lookAt(page, id);
  await hearChanges(page);
  await stopAndDelete(page);
  await signOut(page);
  await page.context().close();
  await signInByLink();
  await signInByPassword(id);
  assert.deepEqual(outside, [], "requests to other hosts");
  assert.deepEqual(problems, [], "what the console said");
  return { imported, exported: exported.startProcess.id };
}

async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  const note = (address) => {
    const { protocol, host } = new URL(address);
    if (!["data:", "blob:"].includes(protocol) && host !== new URL(origin).host) outside.push(address);
  };
  context.on("request", (request) => note(request.url()));
  page.on("websocket", (socket) => note(socket.url()));
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  return page;
}

async function signInByForm(page) {
  await page.goto(`${origin}/graphql`);
  const field = page.getByLabel("Access token");
  await field.fill("psn_wrong");
  await page.keyboard.press("Enter");
  await page.getByText("does not accept this token").waitFor();
  await shoot(page, "refused");
  assert.equal(problems.length, 1, problems.join("\n")); // the browser reports the 401 itself
  assert.match(problems.pop(), /401/);
  await field.fill(token);
  await page.keyboard.press("Enter");
  await signedIn(page);
}

/** Returns once the page knows who is there, and its editors can be used. */
async function signedIn(page) {
  await page.getByText("Signed in as admin (administrator)").waitFor();
  await page.locator(".graphiql-query-editor .monaco-editor").waitFor();
}

async function listScripts(page) {
  const { scripts } = await run(page, "Scripts");
  await shoot(page, "scripts");
  assert.ok(scripts.some(({ name }) => name === "import"));
}

async function importFile(page) {
  await choose(page, "StartWithFile");
  await execute(page);
  await answer(page, (_, text) => text.includes("No file named “saf.zip” has been chosen"));
  await page.getByRole("button", { name: "Show Files" }).click();
  await page.locator("input[type=file]").setInputFiles(archive);
  await execute(page);
  const { startProcess } = await answer(page, (data) => data.startProcess);
  assert.equal(startProcess.uploads[0].name, "saf.zip");
  await shoot(page, "sent");
  await choose(page, "LiveOutput", { id: startProcess.id, after: 0, last: null });
  await execute(page);
  await page.getByText("COMPLETED, exit code 0").waitFor();
  await shoot(page, "imported");
  await page.getByRole("button", { name: "Close the live output" }).click();
  await page.getByRole("button", { name: "Hide Files" }).click();
  return startProcess.id;
}

async function downloadMapFile(page, id) {
  const { process: shown } = await run(page, "OneProcess", { id });
  const [downloaded] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "mapfile" }).click(),
  ]);
  await shoot(page, "downloaded");
  assert.equal(downloaded.suggestedFilename(), "mapfile");
  const content = await readFile(await downloaded.path());
  assert.equal(createHash("sha256").update(content).digest("hex"), shown.files[0].sha256);
}

async function start(page, variables) {
  const { startProcess } = await run(page, "StartProcess", { startTime: null, ...variables });
  assert.equal(startProcess.scriptName, variables.script);
  return startProcess.id;
}

async function followOutput(page, id, gate) {
  await choose(page, "LiveOutput", { id, after: null, last: 100 });
  await execute(page);
  const log = page.getByRole("log");
  await log.getByText("line 0").waitFor();
  await page.getByText("following").waitFor();
  await shoot(page, "following");
  await writeFile(gate, "");
  await page.getByText("COMPLETED, exit code 0").waitFor();
  await shoot(page, "ended");
  const expected = Array.from({ length: LINES }, (_, number) => `line ${number}`);
  assert.deepEqual((await log.textContent()).trimEnd().split("\n"), expected);
  const { processOutput } = await answer(page, ({ processOutput: event }) => event?.status);
  assert.deepEqual(processOutput, { status: "COMPLETED", exitCode: 0, lastSeq: LINES });
  await page.getByRole("button", { name: "Close the live output" }).click();
}

async function lookAt(page, id) {
  const { process: shown } = await run(page, "OneProcess", { id });
  assert.equal(shown.output.lastSeq, LINES);
  const { processes } = await run(page, "NewestProcesses");
  await shoot(page, "newest");
  assert.equal(processes.nodes[0].id, id);
}

async function hearChanges(page) {
  await choose(page, "Changes", { id: null });
  await execute(page);
  await page.getByRole("button", { name: "Stop" }).first().waitFor();
  await listens(page);
  const id = await startBeside("echo");
  const ended = ({ processChanges: change }) => change?.id === id && change.process.status === "COMPLETED";
  const { processChanges } = await answer(page, ended);
  assert.equal(processChanges.process.scriptName, "echo");
  await execute(page); // the same button stops
}

/** Nothing tells that the server listens but what it tells of. */
async function listens(page) {
  do {
    const id = await startBeside("echo");
    while (["SCHEDULED", "RUNNING"].includes((await askBeside(`{ process(id: "${id}") { status } }`)).process.status));
  } while (!(await shown(page)).includes("processChanges"));
}

async function stopAndDelete(page) {
  const id = await start(page, { script: "waiting", parameters: [] });
  const { stopProcess } = await run(page, "StopProcess", { id });
  assert.equal(stopProcess.id, id);
  assert.deepEqual(await run(page, "DeleteProcess", { id }), { deleteProcess: id });
}

async function signOut(page) {
  await page.getByRole("button", { name: "sign out" }).click();
  await page.getByLabel("Access token").waitFor();
  await shoot(page, "signed-out");
  const kept = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));
  assert.ok(!kept.includes(token) && !kept.includes("python"), kept);
}

async function signInByLink() {
  const page = await open({ colorScheme: "dark" });
  await page.goto(`${origin}/graphql#token=${token}`);
  await signedIn(page);
  assert.equal(page.url(), `${origin}/graphql`);
  await run(page, "Scripts");
  await shoot(page, "dark");
}

/** By a session: it outlives the page, also lets WebSockets in, and ends when one signs out. */
async function signInByPassword(id) {
  const page = await open();
  await page.goto(`${origin}/graphql`);
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByText("This is not the name of a user with this password.").waitFor();
  assert.match(problems.pop(), /401/);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await signedIn(page);
  await page.reload();
  await signedIn(page);
  await choose(page, "LiveOutput", { id, after: null, last: 100 });
  await execute(page);
  await page.getByText("COMPLETED, exit code 0").waitFor();
  await page.getByRole("button", { name: "sign out" }).click();
  await page.getByLabel("Password").waitFor();
  assert.deepEqual(await page.context().cookies(), []);
}

/** Runs the example of this name; gives the data of the answer. */
async function run(page, name, variables) {
  await choose(page, name, variables);
  await execute(page);
  return answer(page, (data) => Object.values(data).some((value) => value !== undefined));
}

/** Opens the tab, and empties its answer so that only a new one counts. */
async function choose(page, name, variables) {
  await page.locator(".graphiql-tab-button").getByText(name, { exact: true }).click();
  await page.locator(".graphiql-tab-active").getByText(name, { exact: true }).waitFor();
  // GraphiQL takes the operation's name over after 100 ms of its own clock, however slow that is, and shows it nowhere.
  await page.evaluate(() => new Promise((go) => setTimeout(go, 200)));
  await page.evaluate((text) => {
    const models = globalThis.__MONACO.editor.getModels();
    const find = (kind) => models.find(({ uri }) => uri.path.includes(kind));
    find("response").setValue("");
    if (text) find("variables").setValue(text);
  }, variables && JSON.stringify(variables, null, 2));
}

function execute(page) {
  return page.locator(".graphiql-execute-button").click();
}

/** The data of the answer shown, once it is as wanted. */
async function answer(page, isWanted) {
  for (let text = await shown(page); ; text = await shown(page, text)) {
    const { data } = text.startsWith("{") ? JSON.parse(text) : {};
    if (text && isWanted(data ?? {}, text)) return data;
  }
}

/** The answer that the page shows, once it is another than that before. */
async function shown(page, before) {
  const other = await page
    .waitForFunction((given) => {
      const text = globalThis.__MONACO.editor.getModels().find(({ uri }) => uri.path.includes("response")).getValue();
      return text !== given && { text };
    }, before)
    .catch((error) => assert.fail(`${error.message}. Not the answer that was wanted: ${before}`));
  return (await other.jsonValue()).text;
}

/** Starts a script as another client would. */
async function startBeside(script) {
  return (await askBeside(`mutation { startProcess(script: "${script}") { id } }`)).startProcess.id;
}

async function askBeside(query) {
  const response = await fetch(`${origin}/graphql`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ query }),
  });
  return (await response.json()).data;
}

async function shoot(page, name) {
  if (!screenshots) return;
  await page.screenshot({ path: path.join(screenshots, `${name}.png`), animations: "disabled" });
}
