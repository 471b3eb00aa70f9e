// What the chapters of console.mjs share: a browser's page, pictures of it, and what axe says of them.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

const { PICTURES: pictures } = process.env;
const AXE = createRequire(import.meta.url).resolve("axe-core");
const WANTED = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];

export const { URL: origin, TOKEN: token, PASSWORD: password, LONG: long, ARCHIVE: archive } = process.env;
export const seen = { outside: [], problems: [], pictures: 0 };

/** A new page, of nobody yet; what it asks of others, and what it complains of, is noted. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 820 }, ...options });
  context.on("request", (request) => note(request.url()));
  return another({ context: () => context });
}

const note = (address) => {
  const { protocol, host } = new URL(address);
  if (!["data:", "blob:"].includes(protocol) && host !== new URL(origin).host) seen.outside.push(address);
};

/** One more page of the same browser, beside this one. */
export async function another(beside) {
  const page = await beside.context().newPage();
  page.setDefaultTimeout(30_000);
  page.on("websocket", (socket) => note(socket.url()));
  page.on("pageerror", (error) => seen.problems.push(error.message));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.problems.push(message.text());
  });
  return page;
}

/** A new page, or one that is there, at this address, signed in by a link. */
export async function enter(where, address, options) {
  const page = "goto" in where ? where : await open(where, options);
  await page.goto(`${origin}${address}#token=${token}`);
  await page.getByRole("button", { name: /^Account of/ }).waitFor();
  return page;
}

/** Comes when what has changed is drawn, and all that moves, but for what turns for ever, has arrived. */
async function rest() {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  const moves = document.getAnimations().filter((each) => each.effect.getComputedTiming().endTime < Infinity);
  await Promise.allSettled([document.fonts.ready, ...moves.map((each) => each.finished)]);
}

/** Fails what is asked for by HTTP and has this in it, as if the connection were lost; answers how to stop that. */
export async function refuse(page, address, pattern, failed = () => {}) {
  const refused = async (route) => {
    if (!pattern.test(`${route.request().method()} ${route.request().postData() ?? ""}`)) return route.fallback();
    failed();
    return route.abort();
  };
  await page.route(address, refused);
  return () => page.unroute(address, refused);
}

/** Before the page is loaded. What it answers ends, as the server would with an error, all subscriptions that have this in them. */
export async function endable(page) {
  const running = new Map();
  await page.routeWebSocket(/graphql/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const { type, id, payload } = JSON.parse(message);
      if (type === "subscribe") running.set(id, { socket, query: payload.query });
      server.send(message);
    });
  });
  return async (pattern) => {
    const wanted = () => [...running].filter(([, { query }]) => pattern.test(query));
    for (let looks = 0; !wanted().length && looks < 500; looks += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    const some = wanted();
    assert.ok(some.length, `nothing with ${pattern} is subscribed to`);
    for (const [id, { socket }] of some) {
      running.delete(id);
      socket.send(JSON.stringify({ id, type: "error", payload: [{ message: "No more of this." }] }));
    }
  };
}

/** What browsers report themselves of failures that are meant to be. */
export function forgive() {
  seen.problems = seen.problems.filter((each) => !/^Failed to load resource: (net::ERR_FAILED|.* status of (401|503) )/.test(each));
}

/** Keeps a picture, if pictures are wanted, once nothing moves, and requires that axe finds nothing serious. */
export async function look(page, name) {
  await page.evaluate(rest);
  if (pictures) {
    await mkdir(pictures, { recursive: true });
    await page.screenshot({ path: path.join(pictures, `${name}.png`), animations: "disabled" });
    seen.pictures += 1;
  }
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(await readFile(AXE, "utf8"));
  const found = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), WANTED);
  const serious = found.violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).slice(0, 3).join("\n")}`);
  assert.deepEqual(told, [], `axe at ${name}`);
}

/** Asks the API as another client would. */
export async function ask(query, variables = {}) {
  const response = await fetch(`${origin}/graphql`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

const START = "mutation ($script: String!, $parameters: [ParameterInput!]) { startProcess(script: $script, parameters: $parameters) { id } }";

/** The id of a new process that runs a Python program. */
export async function run(program, script = "python") {
  return (await ask(START, { script, parameters: [{ name: "c", value: program }] })).startProcess.id;
}
