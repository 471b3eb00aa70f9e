// Signing in and out, and the list of processes.

import assert from "node:assert/strict";

import { ask, enter, look, open, origin, password, run, seen, token } from "./visit.mjs";

/** By a password, from the address of a list, to which it leads; and out again. */
export async function signIn(browser) {
  const page = await open(browser);
  await page.goto(`${origin}/processes?status=failed`);
  await page.getByLabel("Name").fill("admin");
  await look(page, "sign-in");
  await page.getByLabel("Password").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByText("This is not the name of a user with this password.").waitFor();
  assert.match(seen.problems.pop(), /401/); // the browser reports it itself
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Processes" }).waitFor();
  assert.equal(new URL(page.url()).search, "?status=failed");
  await page.reload();
  await page.getByRole("button", { name: "Account of admin" }).click();
  await look(page, "account-menu");
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByLabel("Password").waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  await page.context().close();
}

/** How much is loaded for the first view, in bytes as they are sent, and after how long it can be used. */
export async function firstView(browser) {
  const page = await open(browser);
  const loaded = [];
  page.on("requestfinished", (request) => loaded.push(request));
  const began = Date.now();
  await page.goto(`${origin}/#token=${token}`);
  await page.getByRole("link", { name: "import" }).first().waitFor();
  const milliseconds = Date.now() - began;
  const sizes = await Promise.all(loaded.map((request) => request.sizes()));
  await page.context().close();
  return { bytes: sizes.reduce((sum, each) => sum + each.responseBodySize, 0), milliseconds };
}

export async function list(browser) {
  const page = await enter(browser, "/");
  await page.getByRole("link", { name: "import" }).first().waitFor();
  await look(page, "list");
  await busy(page);
  await narrow(page);
  await sortAndTurnPages(page);
  await follow(page);
  await page.context().close();
  await midnight(browser);
}

/** While another list is on its way that before can be read. */
async function busy(page) {
  let go;
  const gone = new Promise((resolve) => (go = resolve));
  const held = (route) => gone.then(() => route.fallback());
  await page.getByRole("row").nth(1).getByRole("checkbox").check();
  await page.route("**/graphql", held);
  await page.getByRole("button", { name: "Took" }).click();
  await page.locator("table[aria-busy=true]").waitFor();
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    await look(page, `list-busy-${colorScheme}`);
  }
  go();
  await page.locator("table[aria-busy=false]").waitFor();
  await page.unroute("**/graphql", held);
  await page.goto(`${origin}/processes`);
}

/** What was of today is of yesterday once the day is over, on a page that nobody touches. */
async function midnight(browser) {
  const id = await run("print(1)");
  const { process } = await ask("query ($id: ID!) { process(id: $id) { startTime } }", { id });
  const day = process.startTime.slice(0, 10);
  const page = await open(browser, { timezoneId: "UTC", locale: "en-GB" });
  await page.clock.install({ time: `${day}T23:59:00Z` });
  await enter(page, `/processes?q=${id}`);
  const began = page.locator("td.when time").first();
  await page.getByText(/^\d\d:\d\d:\d\d$/).and(began).waitFor();
  await page.clock.fastForward("02:00");
  await page.getByText(/^\d{1,2} \w{3,4}, \d\d:\d\d$/).and(began).waitFor();
  await page.context().close();
}

/** By status, by text and by script; the address says it, and leads back to it. */
async function narrow(page) {
  const status = page.getByRole("group", { name: "Statuses" });
  await status.getByRole("button", { name: /^Failed/ }).click();
  await page.waitForURL(/status=failed/);
  await page.getByText("Exit code 1").first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("items-1");
  await page.waitForURL(/q=items-1/);
  await page.getByLabel("Script", { exact: true }).selectOption("echo");
  const address = page.url();
  await page.goto("about:blank");
  await page.goto(address);
  assert.equal(await page.getByLabel("Search").inputValue(), "items-1");
  await page.getByLabel("Search").fill("nothing has this");
  await page.getByText("No process fits").waitFor();
  await look(page, "list-nothing");
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByRole("link", { name: "import" }).first().waitFor();
}

/** Of a script that nobody starts meanwhile, as other chapters do. */
async function sortAndTurnPages(page) {
  await page.goto(`${origin}/processes?script=curate`);
  const first = () => page.locator("tbody .script a").first().getAttribute("href");
  const newest = await first();
  await page.getByRole("button", { name: "Took" }).click();
  await page.waitForURL(/sort=duration-desc/);
  assert.equal(await page.locator("th[aria-sort=descending]").innerText(), "Took");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForURL(/sort=start-desc/);
  await page.waitForFunction((href) => document.querySelector("tbody .script a").getAttribute("href") === href, newest);
  await page.getByRole("button", { name: "Next" }).click();
  await page.waitForFunction((href) => document.querySelector("tbody .script a").getAttribute("href") !== href, newest);
  await page.getByRole("button", { name: "Previous" }).click();
  await page.waitForFunction((href) => document.querySelector("tbody .script a").getAttribute("href") === href, newest);
}

/** What others start appears; some of it is stopped and deleted at once. */
async function follow(page) {
  await page.goto(`${origin}/processes?script=limited`);
  await page.getByText("No process fits").waitFor();
  await Promise.all([run("import time; time.sleep(600)", "limited"), run("import time; time.sleep(601)", "limited")]);
  await page.locator("tr .status.running").nth(1).waitFor();
  await page.getByLabel("Choose all of this page").check();
  await look(page, "list-chosen");
  await page.getByRole("button", { name: "Stop 2" }).click();
  await look(page, "list-stop");
  await page.getByRole("alertdialog").getByRole("button", { name: "Stop" }).click();
  await page.locator("tr .status.stopped").nth(1).waitFor();
  await page.getByLabel("Choose all of this page").check();
  await page.getByRole("button", { name: "Delete 2" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("No process fits").waitFor();
  const { processes } = await ask('{ processes(filter: { script: "limited" }) { totalCount } }');
  assert.equal(processes.totalCount, 0);
}

/** On a phone and in the dark. */
export async function phone(browser) {
  const page = await enter(browser, "/", { viewport: { width: 390, height: 780 }, colorScheme: "dark" });
  await page.getByRole("link", { name: "import" }).first().waitFor();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(overflow, 0);
  await look(page, "list-phone-dark");
  await page.context().close();
}
