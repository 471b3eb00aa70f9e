// The picture of the last hours.

import assert from "node:assert/strict";

import { endable, enter, look, open, run } from "./visit.mjs";

export async function timeline(browser) {
  const page = await open(browser);
  const stop = await endable(page);
  await enter(page, "/timeline");
  await page.getByRole("region", { name: "atlas" }).waitFor();
  await page.getByRole("region", { name: "boreas" }).getByRole("link").first().waitFor();
  await run("print(1)");
  await page.getByRole("link", { name: /^python of admin: Completed/ }).first().waitFor();
  await look(page, "timeline");
  await stop(/Moves/);
  await page.getByText("No more of this.").waitFor();
  await look(page, "timeline-not-live");
  await otherSpan(page);
  assert.ok(await page.getByText("No more of this.").isVisible());
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("No more of this.").waitFor({ state: "detached" });
  await page.getByLabel("Grouped by").selectOption("By script");
  await page.getByRole("region", { name: "import" }).waitFor();
  await page.getByLabel("How much is shown").selectOption("6h");
  await page.getByRole("button", { name: "Earlier" }).click();
  await page.waitForURL(/span=6h&by=script&until=/);
  await page.getByRole("button", { name: "Now" }).click();
  await page.getByRole("link", { name: /^python of admin/ }).first().waitFor();
  await page.getByLabel("How much is shown").selectOption("7 days");
  await page.getByText(/^The 5\d\d that began last are drawn; \d+ more ran in this time\.$/).waitFor();
  await look(page, "timeline-left");
  await page.getByRole("button", { name: "Look at 3 days" }).click();
  await page.getByText("more ran in this time").waitFor({ state: "detached" });
  await quickly(page);
  const bar = page.getByRole("link", { name: /^echo of/ }).first();
  const href = await bar.getAttribute("href");
  await bar.focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(`**${href}`);
  assert.ok(await page.locator("#main").evaluate((main) => main === document.activeElement));
  await page.context().close();
}

/** Comes when a shorter one was read, and fewer are drawn. */
async function otherSpan(page) {
  const before = await page.locator("a.bar").count();
  await page.getByLabel("How much is shown").selectOption("1 hour");
  await page.waitForFunction((known) => document.querySelectorAll("a.bar").length < known, before);
  await page.getByLabel("How much is shown").selectOption("24 hours");
}

/** What is answered late, when another span is shown already, is not drawn. */
async function quickly(page) {
  let held = [];
  const isSpan = (request) => /query Span/.test(request.postData() ?? "");
  await page.route("**/graphql", (route) => (held && isSpan(route.request()) ? void held.push(route) : route.fallback()));
  const span = page.getByLabel("How much is shown");
  await span.selectOption("7 days");
  while (held.length < 3) await page.waitForTimeout(20);
  const late = held;
  held = null;
  const shorter = page.waitForResponse((response) => isSpan(response.request()));
  await span.selectOption("6 hours");
  await shorter;
  for (const route of late) {
    const answered = page.waitForResponse((response) => response.request() === route.request());
    await route.continue();
    await (await answered).finished();
  }
  await page.unroute("**/graphql");
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
  assert.equal(await page.getByText("more ran in this time").count(), 0);
}

export async function timelineDark(browser) {
  const page = await enter(browser, "/timeline?by=script", { viewport: { width: 390, height: 780 }, colorScheme: "dark" });
  await page.getByRole("region", { name: "import" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  await look(page, "timeline-phone-dark");
  await page.context().close();
}
