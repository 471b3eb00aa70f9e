// Who is signed in: links that do so, a session that ends, several tabs.

import assert from "node:assert/strict";

import { another, ask, endable, forgive, look, open, origin, password, refuse, token } from "./visit.mjs";

const WORDS = "correct horse for dora";
const TYPED = "what has taken an hour to type";
const ECHO = 'mutation { startProcess(script: "echo") { id } }';
const PRINT = 'mutation { startProcess(script: "python", parameters: [{ name: "c", value: "for n in range(1500): print(n)" }]) { id } }';
const ENDED = "The session has ended. Sign in again to go on where you are.";

const signedIn = (page, name) => page.getByRole("button", { name: `Account of ${name}` }).waitFor();
const text = (page) => page.locator("#field-s");

async function signIn(page, name, words) {
  const form = page.locator(".sign-in");
  await form.getByLabel("Name").fill(name);
  await form.getByLabel("Password").fill(words);
  await form.getByRole("button", { name: "Sign in", exact: true }).click();
}

async function signOut(page) {
  await page.getByRole("button", { name: /^Account of/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
}

/** The id of a process that is started in the name of who is signed in. */
function startAs(page, query) {
  const send = async (body) => (await fetch("/graphql", { method: "POST", headers: { "Content-Type": "application/json" }, body })).json();
  return page.evaluate(send, JSON.stringify({ query })).then(({ data }) => data.startProcess.id);
}

/** As if an administrator had ended it. */
const end = (page) => page.evaluate(() => fetch("/session", { method: "DELETE" }).then(() => {}));

export async function session(browser) {
  const { addUser } = await ask('mutation { addUser(name: "dora") { id } }');
  await ask("mutation ($id: ID!, $password: String!) { setPassword(id: $id, password: $password) { id } }", { id: addUser.id, password: WORDS });
  const page = await open(browser);
  await byLink(page);
  await keptWhileSignedOut(page);
  await formsKept(page);
  await ofTheList(page);
  await placeKept(page);
  await outAndIn(page);
  await inTwoTabs(page);
  await page.context().close();
  await cutLate(browser);
  forgive();
}

/** One that is wrong says so, also one that is no address; one that is pasted into an open tab signs in. */
async function byLink(page) {
  for (const wrong of ["50%zz", "psn_wrong", "%E2%82%AC"]) {
    await page.goto("about:blank");
    await page.goto(`${origin}/start/echo#token=${wrong}`);
    await page.getByText("The token of this link is wrong, or good no more.").waitFor();
  }
  await page.goto(`${origin}/start/echo#token=${token}`);
  await signedIn(page, "admin");
  assert.equal(new URL(page.url()).hash, "");
  await signOut(page);
  await page.getByLabel("Password").waitFor();
}

/** What has been typed is there again for who signs in again. */
async function keptWhileSignedOut(page) {
  const mend = await refuse(page, "**/session", /^POST/);
  await signIn(page, "dora", WORDS);
  await page.getByText("The server cannot be reached. Is it running, and are you connected?").waitFor();
  await mend();
  const keepsNone = (route) => (route.request().method() === "POST" ? route.fulfill({ status: 204 }) : route.fallback());
  await page.route("**/session", keepsNone);
  await signIn(page, "dora", WORDS);
  await page.getByText("This browser does not keep the session.").waitFor();
  await look(page, "sign-in-no-cookies");
  await page.unroute("**/session", keepsNone);
  await signIn(page, "dora", WORDS);
  await text(page).fill(TYPED);
  await end(page);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText(ENDED).waitFor();
  assert.ok(await text(page).isHidden());
  await look(page, "session-ended");
  await signIn(page, "dora", WORDS);
  await text(page).waitFor();
  assert.equal(await text(page).inputValue(), TYPED);
  assert.equal(await page.locator(".problem").count(), 0);
}

/** As another tab tells of it, so that nothing is asked for here. */
async function endElsewhere(page) {
  const other = await another(page);
  await other.goto(origin);
  await end(other);
  await other.reload();
  await page.locator(".sign-in").getByText(ENDED).waitFor();
  await other.close();
}

/** What was refused can be mended and sent; a dialog is there as it was, and says nothing of the session. */
async function formsKept(page) {
  const number = page.locator(".field.integer").filter({ hasText: "a whole number" });
  await number.getByRole("textbox").fill("no number");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await number.locator(".wrong").getByText("whole number").waitFor();
  await endElsewhere(page);
  await signIn(page, "dora", WORDS);
  await number.locator(".wrong").getByText("whole number").waitFor();
  await page.getByRole("button", { name: "Start", exact: true }).waitFor();
  await page.goto(`${origin}/account`);
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByLabel("What it is for").fill(TYPED);
  await end(page);
  await page.getByRole("button", { name: "Create" }).click();
  await page.locator(".sign-in").getByText(ENDED).waitFor();
  assert.ok(await page.getByRole("dialog").isHidden());
  await signIn(page, "dora", WORDS);
  await page.getByRole("dialog").waitFor();
  assert.equal(await page.getByLabel("What it is for").inputValue(), TYPED);
  assert.equal(await page.locator(".problem").count(), 0);
  const mend = await refuse(page, "**/graphql", /query Own/); // what is shown once is not lost by what fails then
  await page.getByRole("button", { name: "Create" }).click();
  await page.locator(".problem").getByText("cannot be reached").waitFor();
  assert.match(await page.getByLabel("The token").inputValue(), /^psn_/);
  await look(page, "account-token");
  await page.getByRole("button", { name: "Done" }).click();
  await mend();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".problem").waitFor({ state: "detached" });
}

/** Where one was in a page and in its output, although a line is marked elsewhere. */
async function placeKept(page) {
  const id = await startAs(page, PRINT);
  await page.setViewportSize({ width: 1360, height: 400 });
  await page.goto(`${origin}/processes/${id}#L700`);
  await page.getByText("1,500 lines, complete").waitFor();
  await page.locator(".line.marked").waitFor();
  await page.getByLabel("Search the output").fill("700");
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByRole("region", { name: "Lines found" }).waitFor();
  await page.getByRole("log").focus();
  await page.keyboard.press("Home");
  await page.locator('[data-line="1"]').waitFor();
  await page.evaluate(() => scrollTo(0, 150));
  await end(page); // of which the live connection tells
  await page.locator(".sign-in").getByText(ENDED).waitFor();
  await page.evaluate(() => { // what is there for a moment takes the place away from slow browsers
    globalThis.problems = [];
    const note = () => problems.push(...[...document.querySelectorAll("#main .problem")].map((each) => each.textContent));
    note();
    new MutationObserver(note).observe(document.body, { childList: true, subtree: true });
  });
  await signIn(page, "dora", WORDS);
  await page.getByRole("region", { name: "Lines found" }).waitFor();
  await page.getByRole("button", { name: "Delete" }).waitFor();
  assert.deepEqual(await page.evaluate(() => problems), []);
  assert.equal(await page.evaluate(() => scrollY), 150);
  assert.equal(await page.locator(".screen:focus").count(), 1);
  assert.ok(await page.locator('[data-line="1"]').isVisible());
  await page.setViewportSize({ width: 1360, height: 820 });
}

/** The connection of the one before is closed late: it is not that of the one who is signed in now. */
async function cutLate(browser) {
  const page = await open(browser);
  await page.addInitScript(() => {
    globalThis.late = [];
    WebSocket.prototype.close = function () {
      globalThis.late.push(() => this.onclose(new CloseEvent("close", { code: 1006 })));
    };
  });
  await page.goto(`${origin}/processes#token=${token}`);
  await signedIn(page, "admin");
  const isLive = () => page.waitForEvent("websocket").then((socket) => socket.waitForEvent("framereceived"));
  await signOut(page);
  const live = isLive();
  await signIn(page, "admin", password);
  await live;
  await page.evaluate(() => globalThis.late.forEach((act) => act()));
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.equal(await page.locator(".cut").innerText(), "");
  await page.context().close();
}

/** The list tells that its session has ended, though nobody asks for anything; and that it is live no more, for another reason. */
async function ofTheList(page) {
  const stop = await endable(page);
  await page.goto(`${origin}/processes`);
  await signedIn(page, "dora");
  await page.getByText("No processes yet").waitFor();
  await stop(/Changes/);
  await page.getByText("No more of this.").waitFor();
  await look(page, "list-not-live");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("No more of this.").waitFor({ state: "detached" });
  const mend = await refuse(page, "**/graphql", /query List/);
  await end(page);
  await page.getByText(ENDED).waitFor();
  await mend();
  await signIn(page, "dora", WORDS);
  await page.getByText("No processes yet").waitFor();
  await startAs(page, ECHO);
  await page.getByRole("link", { name: "echo" }).first().waitFor();
}

/** Signing out that fails says so; nobody is told what the one before was. */
async function outAndIn(page) {
  const mend = await refuse(page, "**/session", /^DELETE/);
  await signOut(page);
  await page.locator(".toast.problem").getByText("cannot be reached").waitFor();
  await mend();
  await page.route("**/session", (route) => (route.request().method() === "DELETE" ? route.fulfill({ status: 503, body: "{}" }) : route.fallback()));
  await signOut(page);
  await page.getByText("You are still signed in").waitFor();
  await look(page, "sign-out-refused");
  await page.unroute("**/session");
  await signOut(page);
  await signIn(page, "admin", password);
  await signedIn(page, "admin");
  assert.equal(await page.locator(".toast").count(), 0);
}

/** Where one signs out or in, the others follow: what they ask counts as the new one's. */
async function inTwoTabs(page) {
  await page.goto(`${origin}/start/echo`);
  await text(page).fill(TYPED);
  const other = await another(page);
  await other.goto(`${origin}/timeline`);
  await signedIn(other, "admin");
  await signOut(other);
  await page.getByText(ENDED).waitFor();
  await signIn(other, "admin", password);
  await signedIn(page, "admin");
  assert.equal(await text(page).inputValue(), TYPED);
  await outAndInQuickly(page, other);
  await signOut(other);
  await page.getByText(ENDED).waitFor();
  await signIn(other, "dora", WORDS);
  await signedIn(page, "dora");
  assert.equal(await text(page).inputValue(), "");
  await other.evaluate((body) => fetch("/session", { method: "POST", headers: { "Content-Type": "application/json" }, body }).then(() => {}), JSON.stringify({ name: "admin", password }));
  await other.reload();
  await page.getByText("In another tab admin has signed in: this one is theirs now, too.").waitFor();
  await signedIn(page, "admin");
}

/** What is answered late, of who was signed in before, counts no more. */
async function outAndInQuickly(page, other) {
  const held = [];
  await page.route("**/session", (route) => void held.push(route));
  await signOut(other);
  while (!held.length) await page.waitForTimeout(20);
  const told = page.evaluate(() => new Promise((resolve) => {
    new BroadcastChannel("procession.session").onmessage = ({ data }) => data && resolve();
  }));
  await signIn(other, "admin", password);
  await told;
  await held[0].fulfill({ json: { viewer: null } });
  await page.unroute("**/session");
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.equal(await page.locator(".sign-in").count(), 0);
}
