// Being told of an end elsewhere: asked for, shown, and taken back.

import assert from "node:assert/strict";

import { ask, enter, look, run } from "./visit.mjs";

const STOP = "mutation ($id: ID!) { stopProcess(id: $id) { id } }";
const URL = "https://www.example.org/hook?key=of-the-receiver";

const entries = (page) => page.getByRole("region", { name: "Told elsewhere" }).getByRole("listitem");
const takeBack = (page) => page.getByRole("button", { name: "Take back: By a webhook at www.example.org" });

async function wish(page, occasion) {
  await page.getByLabel("How").selectOption("By a webhook");
  await page.getByLabel("URL").fill(URL);
  await page.getByLabel("Of what").selectOption(occasion);
  await page.getByRole("button", { name: "Tell me", exact: true }).click();
  await page.getByRole("status").getByText("it is shown only now").waitFor();
  return page.getByLabel("The secret").inputValue();
}

export async function elsewhere(browser) {
  const id = await run("import time; time.sleep(600)");
  const page = await enter(browser, `/processes/${id}`);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Tell me elsewhere…", expanded: false }).click();
  await page.getByText("You are told of this process nowhere else.").waitFor();
  await page.getByRole("button", { name: "Tell me", exact: true }).click();
  await page.getByRole("alert").getByText("whoever runs it is to set PROCESSION_SMTP_URL").waitFor();
  await look(page, "process-elsewhere-refused");
  const secret = await wish(page, "Every end");
  assert.match(secret, /^whsec_/);
  await page.getByRole("button", { name: "Copy the secret" }).click();
  await page.getByText("The secret is copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
  await entries(page).getByText("Waits for the end").waitFor();
  assert.doesNotMatch(await entries(page).innerText(), /of-the-receiver/);
  await look(page, "process-elsewhere");
  await takeBack(page).click();
  await entries(page).waitFor({ state: "detached" });
  assert.equal(await page.getByLabel("The secret").count(), 0);
  await spared(page, id);
  await page.context().close();
}

/** On a phone and in the dark: what is not delivered, since the end was none of those asked for. */
async function spared(page, id) {
  await page.setViewportSize({ width: 390, height: 780 });
  await page.emulateMedia({ colorScheme: "dark" });
  await wish(page, "Only a failure");
  await entries(page).getByText("only of a failure").waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  await look(page, "process-elsewhere-phone-dark");
  await page.reload();
  await page.getByRole("button", { name: "Tell me elsewhere…" }).click();
  await entries(page).waitFor();
  assert.equal(await page.getByLabel("The secret").count(), 0);
  await ask(STOP, { id });
  await entries(page).getByText("Not needed, for it did not fail").waitFor();
  await page.getByRole("button", { name: "Told elsewhere…", expanded: true }).waitFor();
  await takeBack(page).click();
  await page.getByText("You are told of this process nowhere else.").waitFor();
}
