// What administrators do with users and groups, the audit, and what is one's own.

import assert from "node:assert/strict";

import { ask, enter, look, open, origin } from "./visit.mjs";

const CARLA = "correct horse for carla";

export async function users(browser) {
  const page = await enter(browser, "/users");
  await page.getByRole("link", { name: "alice" }).waitFor();
  await look(page, "users");
  await page.getByRole("button", { name: "Add a user" }).click();
  await page.getByLabel("Name").fill("admin");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("dialog").getByRole("alert").waitFor();
  await look(page, "users-refused");
  await page.getByLabel("Name").fill("carla");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.waitForURL(/\/users\/carla$/);
  await page.getByRole("button", { name: "Set a password" }).click();
  await page.getByRole("textbox", { name: "Password" }).fill(CARLA);
  await page.getByRole("button", { name: "Set it" }).click();
  await page.getByText("carla has a new password.").waitFor();
  await groups(page);
  await ownThings(browser);
  await page.goto(`${origin}/users/carla`);
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Disable" }).click();
  await page.getByText("carla is disabled.").waitFor();
  await look(page, "user");
  const { user } = await ask('{ user(name: "carla") { isDisabled groups { name grants { right script } } } }');
  assert.deepEqual(user, { isDisabled: true, groups: [{ name: "librarians", grants: [{ right: "START", script: "hidden" }] }] });
  await audit(page);
  await page.context().close();
}

async function groups(page) {
  await page.goto(`${origin}/groups`);
  await page.getByText("There are no groups").waitFor();
  await page.getByRole("button", { name: "Add a group" }).click();
  await page.getByLabel("Name").fill("librarians");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("button", { name: "Grant librarians a right" }).click();
  await page.getByLabel("Script").selectOption("hidden");
  await page.getByLabel("Its members may").selectOption("start it");
  await page.getByRole("button", { name: "Grant", exact: true }).click();
  await page.getByText("start it:").waitFor();
  await page.getByRole("button", { name: "Add a member to librarians" }).click();
  await page.getByLabel("Name of the user").fill("carla");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("link", { name: "carla" }).waitFor();
  await look(page, "groups");
}

/** As somebody who is no administrator. */
async function ownThings(browser) {
  const page = await open(browser);
  await page.goto(`${origin}/account`);
  await page.getByLabel("Name").fill("carla");
  await page.getByLabel("Password").fill(CARLA);
  await page.keyboard.press("Enter");
  await page.getByText("A user in librarians").waitFor();
  assert.equal(await page.getByRole("link", { name: "Users" }).count(), 0);
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByLabel("What it is for").fill("a cron job");
  await page.getByRole("button", { name: "Create" }).click();
  const text = await page.getByLabel("The token").inputValue();
  assert.match(text, /^psn_/);
  await page.getByRole("button", { name: "Done" }).click();
  await look(page, "account");
  await page.getByRole("button", { name: "Revoke a cron job" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("cell", { name: "a cron job", exact: true }).waitFor({ state: "detached" });
  await changedOnce(page);
  await page.getByLabel("Colours").selectOption("Dark");
  await look(page, "account-dark");
  await page.goto(`${origin}/audit`);
  await page.getByText("Only administrators may see this").waitFor();
  await page.goto(`${origin}/start`);
  await page.getByRole("link", { name: "hidden" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "import" }).count(), 0);
  await page.context().close();
}

/** However often somebody presses Enter meanwhile: a second time the present password would be wrong. */
async function changedOnce(page) {
  await page.getByLabel("Present password").fill(CARLA);
  await page.getByLabel("New password").fill(`${CARLA} again`);
  const held = [];
  const hold = (route) => (/mutation ChangePassword/.test(route.request().postData() ?? "") ? void held.push(route) : route.fallback());
  await page.route("**/graphql", hold);
  for (let press = 0; press < 2; press += 1) await page.getByLabel("New password").press("Enter");
  while (!held.length) await page.waitForTimeout(20);
  await held[0].continue();
  await page.getByText("The password is changed").waitFor();
  assert.equal(held.length, 1);
  await page.unroute("**/graphql", hold);
}

async function audit(page) {
  await page.getByRole("link", { name: "What they did" }).click();
  await page.getByRole("cell", { name: "token.create" }).waitFor();
  await page.getByLabel("What, as process.start").fill("token.revoke");
  await page.getByRole("button", { name: "Find" }).click();
  await page.waitForURL(/actor=carla&action=token.revoke/);
  await page.getByRole("cell", { name: "token.create" }).waitFor({ state: "detached" });
  await page.getByRole("cell", { name: "token.revoke" }).waitFor();
  await page.goto(`${origin}/audit`);
  await page.getByRole("cell", { name: "group.join" }).first().waitFor();
  await look(page, "audit");
}
