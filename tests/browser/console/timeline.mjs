// The picture of the last hours.

import assert from "node:assert/strict";

import { enter, look, run } from "./visit.mjs";

export async function timeline(browser) {
  const page = await enter(browser, "/timeline");
  await page.getByRole("region", { name: "atlas" }).waitFor();
  await page.getByRole("region", { name: "boreas" }).getByRole("link").first().waitFor();
  await run("print(1)");
  await page.getByRole("link", { name: /^python of admin: Completed/ }).first().waitFor();
  await look(page, "timeline");
  await page.getByLabel("Grouped by").selectOption("By script");
  await page.getByRole("region", { name: "import" }).waitFor();
  await page.getByLabel("How much is shown").selectOption("6h");
  await page.getByRole("button", { name: "Earlier" }).click();
  await page.waitForURL(/by=script&span=6h&until=/);
  await page.getByRole("button", { name: "Now" }).click();
  await page.getByRole("link", { name: /^python of admin/ }).first().waitFor();
  await page.getByLabel("How much is shown").selectOption("7 days");
  await page.getByText(/^The 5\d\d that began last are drawn; \d+ more ran in this time\.$/).waitFor();
  await look(page, "timeline-left");
  await page.getByRole("button", { name: "Look at 3 days" }).click();
  await page.getByText("more ran in this time").waitFor({ state: "detached" });
  const bar = page.getByRole("link", { name: /^echo of/ }).first();
  const href = await bar.getAttribute("href");
  await bar.focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(`**${href}`);
  assert.ok(await page.locator("#main").evaluate((main) => main === document.activeElement));
  await page.context().close();
}

export async function timelineDark(browser) {
  const page = await enter(browser, "/timeline?by=script", { viewport: { width: 390, height: 780 }, colorScheme: "dark" });
  await page.getByRole("region", { name: "import" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  await look(page, "timeline-phone-dark");
  await page.context().close();
}
