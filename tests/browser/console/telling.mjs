// Telling of an end: by a notification of the browser, and by title and words where there is none.

import assert from "node:assert/strict";

import { another, ask, enter, look, open, origin, run } from "./visit.mjs";

const LONG = "import time; time.sleep(600)";
const WISH = "Tell me in this browser when it ends";
const STOP = "mutation ($id: ID!) { stopProcess(id: $id) { id } }";
const STATUS = "query ($id: ID!) { process(id: $id) { status } }";

/** Notes what is shown. Chromium without a screen knows what may be shown, but tells it only when it is asked. */
async function observed(context) {
  const shown = [];
  await context.exposeBinding("note", (_, title, options) => void shown.push({ title, ...options }));
  await context.addInitScript(() => {
    const Native = Notification;
    const construct = (_, given) => {
      globalThis.made = Reflect.construct(Native, given);
      globalThis.note(...given);
      return globalThis.made;
    };
    const requestPermission = async () => (localStorage.permission = await Native.requestPermission());
    const get = (_, name) => ({ permission: localStorage.permission ?? "default", requestPermission })[name] ?? Native[name];
    globalThis.Notification = new Proxy(Native, { construct, get });
  });
  return shown;
}

/** Notes which tabs listen for ends: two that do may still show but one notification, by luck. */
function listening(...pages) {
  const found = [];
  for (const [index, page] of pages.entries()) {
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => payload.includes("Ending(") && found.push(index)));
  }
  return found;
}

const kept = (page) => page.evaluate(() => localStorage.getItem("procession.awaited"));
const toast = (page, text = "python was stopped: Stopped by admin") => page.locator(".toast").getByRole("link", { name: text });

async function ended(page, id) {
  await toast(page).waitFor();
  assert.equal(await page.title(), "• python was stopped · Procession");
  assert.equal(await toast(page).getAttribute("href"), `/processes/${id}`);
}

/** One notification, however many tabs are open; a click on it leads to the process. */
export async function telling(browser) {
  const page = await open(browser, { permissions: ["notifications"] });
  const context = page.context();
  const shown = await observed(context);
  const [id, later] = await Promise.all([run(LONG), run(LONG)]);
  const second = await another(page);
  const listen = listening(page, second);
  await enter(page, "/timeline");
  await enter(second, `/processes/${id}`);
  assert.equal(await second.evaluate(() => localStorage.permission), undefined); // nobody asked for it yet
  await second.getByRole("button", { name: WISH }).click();
  await second.getByRole("button", { name: WISH, pressed: true }).waitFor();
  await look(second, "process-awaited");
  await ask(STOP, { id });
  await Promise.all([ended(page, id), ended(second, id)]);
  assert.deepEqual(shown, [{ title: "python was stopped", body: "Stopped by admin", tag: id }]);
  assert.deepEqual(listen, [0]);
  assert.equal(await kept(page), null);
  await page.keyboard.press("Shift");
  assert.equal(await page.title(), "Timeline · Procession");
  const [opened] = await Promise.all([context.waitForEvent("page"), page.evaluate(() => void globalThis.made.onclick())]);
  await opened.getByRole("heading", { name: id.slice(0, 8) }).waitFor();
  await closed(opened, later, shown);
  await context.close();
}

/** What ends while no page is open is told by the next one; the tab that is left takes over from one that is closed. */
async function closed(page, id, shown) {
  await page.goto(`${origin}/processes/${id}`);
  await page.getByRole("button", { name: WISH }).click();
  assert.match(await kept(page), new RegExp(id));
  const context = page.context();
  await page.goto("about:blank");
  await Promise.all(context.pages().filter((each) => each !== page).map((each) => each.close()));
  await ask(STOP, { id });
  while ((await ask(STATUS, { id })).process.status === "RUNNING");
  assert.equal(shown.length, 1);
  await enter(page, "/account");
  await ended(page, id);
  assert.deepEqual(shown[1], { title: "python was stopped", body: "Stopped by admin", tag: id });
}

/** Each tab tells of it by itself, and says why there is no notification. */
export async function tellingWithout(browser) {
  const page = await open(browser);
  const id = await run(LONG);
  await page.context().addInitScript(() => { // as where a page comes by HTTP from another machine
    Object.defineProperty(globalThis, "isSecureContext", { value: false });
    delete globalThis.Notification;
    delete Navigator.prototype.locks;
  });
  await enter(page, `/processes/${id}`);
  const second = await another(page);
  await enter(second, "/start/python");
  await page.getByRole("button", { name: WISH }).click();
  await page.getByText("only of pages that come by HTTPS").waitFor();
  await second.getByLabel("c", { exact: true }).fill("import sys; sys.exit(3)");
  await second.getByRole("button", { name: "Start", exact: true }).click();
  await second.locator(".toast").getByRole("button", { name: WISH }).click();
  await Promise.all([page, second].map((each) => toast(each, "python has failed: Exit code 3").waitFor()));
  await ask(STOP, { id });
  await Promise.all([page, second].map((each) => toast(each).waitFor()));
  assert.equal(await page.title(), "• 2 processes have ended · Procession");
  await page.context().close();
  await denied(browser);
}

async function denied(browser) {
  const id = await run(LONG);
  const page = await open(browser, { permissions: [] }); // which denies all
  const shown = await observed(page.context());
  await enter(page, `/processes/${id}`);
  await page.getByRole("button", { name: WISH }).click();
  await page.getByText("Its settings for this site can allow them.").waitFor();
  await look(page, "process-awaited-denied");
  await ask(STOP, { id });
  await ended(page, id);
  assert.deepEqual(shown, []);
  await page.context().close();
}
