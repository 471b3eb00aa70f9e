// Starting: the form of a script, files, times, and again.

import assert from "node:assert/strict";

import { archive, ask, enter, look, origin } from "./visit.mjs";

const SLOWLY = 100_000; // bytes a second
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
  const line = await page.locator(".form pre:visible").innerText();
  assert.equal(line, "procession start echo --string 'it'\\''s\ntwo lines' --string second --flag -i 1.5 --file one.txt --file two.txt -x *** -c green --follow");
  await page.getByRole("tab", { name: "curl" }).click();
  assert.match(await page.locator(".form pre:visible").innerText(), /-F 1=@two.txt$/);
  await page.getByRole("tab", { name: "GraphQL" }).click();
  assert.match(await page.locator(".form pre:visible").innerText(), /^mutation Start[^]*"script": "echo"/);
}

/** What the server does not take is told beside its field. */
async function refused(page) {
  await page.getByRole("button", { name: "Start", exact: true }).click();
  const field = page.locator(".field.integer").filter({ hasText: "a whole number" });
  await field.locator(".wrong").getByText("whole number").waitFor();
  assert.ok(await field.getByRole("spinbutton").evaluate((input) => input === document.activeElement));
  await look(page, "start-refused");
  await field.getByRole("spinbutton").fill("15");
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

/** A file on its way shows how far it is, and can be called back. */
export async function upload(browser) {
  const page = await enter(browser, "/start/import");
  const throttle = await page.context().newCDPSession(page);
  const limit = (uploadThroughput) => throttle.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
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
  await page.locator(".status.completed").waitFor();
  await page.getByRole("log").getByText("item_1").first().waitFor();
  await page.getByRole("button", { name: "Dismiss" }).click();
  await look(page, "process-import"); // docs/console.png
  await page.goto(`${origin}/start/nothing`);
  await page.getByText("nothing").first().waitFor();
  await page.context().close();
}
