// Signing in by an identity provider, as a person does.
//
// Given: URL of the server, and the NAME of somebody at its provider, `provider.mjs`. Prints who is signed in, as JSON.

import assert from "node:assert/strict";

import { launch } from "./chromium.mjs";

const { URL: origin, NAME: name } = process.env;

const browser = await launch();
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(45_000);
  await page.route(/fonts\.googleapis/, (route) => route.abort()); // of the provider's page
  await page.goto(`${origin}/graphql`);
  await goThere(page);
  await page.getByText("[ Cancel ]").click();
  await page.getByText("did not let you in").waitFor();
  await goThere(page);
  await page.getByPlaceholder("Enter any login").fill(name);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Signed in as").waitFor();
  assert.equal(page.url(), `${origin}/graphql`);
  const [{ httpOnly, sameSite }] = (await page.context().cookies()).filter((each) => each.name === "procession");
  assert.deepEqual({ httpOnly, sameSite }, { httpOnly: true, sameSite: "Strict" });
  await page.reload();
  const viewer = await page.locator(".banner-viewer b").innerText();
  await page.goto(`${origin}/timeline?span=6h`);
  await page.getByRole("button", { name: `Account of ${viewer}` }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with the university" }).click();
  await page.getByRole("button", { name: "Continue" }).click(); // the provider knows who is there
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  assert.equal(page.url(), `${origin}/timeline?span=6h`);
  console.log(JSON.stringify(viewer));
} finally {
  await browser.close();
}

async function goThere(page) {
  await page.getByRole("button", { name: "Sign in with the university" }).click();
  await page.waitForURL(/\/interaction\//);
}
