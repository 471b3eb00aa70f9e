// Who is signed in: by a token, which lives in this browser tab and nowhere else, or by a session, whose cookie no
// script can read.
const KEY = "procession.token";
const IN_FRAGMENT = /^#token=(.+)$/;

export type Viewer = { name: string; isAdmin: boolean };

/** A token; null: the session's cookie, which the browser sends by itself. */
export type Token = string | null;

/** The server does not know who asks. */
export class Unauthenticated extends Error {
  override name = "Unauthenticated";
}

/** A link `/graphql#token=…` signs in. The token leaves the address, and the history, at once. */
export function takeTokenFromAddress(): string | null {
  const found = IN_FRAGMENT.exec(location.hash)?.[1];
  if (!found) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return decodeURIComponent(found);
}

export const readToken = () => sessionStorage.getItem(KEY);
export const keepToken = (token: Token) => {
  if (token === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
};

/** True from the moment when all is forgotten until the page has loaded again: nothing more is stored then. */
export let isForgetting = false;

/** Forgets all that was typed (variables may hold a script's secrets) and loads the page anew, signed in or not. */
export function startAfresh(token: Token) {
  isForgetting = true;
  sessionStorage.clear();
  keepToken(token);
  location.reload();
}

const address = () => new URL("session", location.href);

/** Who has a session in this browser; the identity provider, if there is one; what went wrong there just now. */
type Answer = { viewer: Viewer | null; openid?: Provider; problem?: string };

export type Provider = { label: string };

export async function askSession(): Promise<Answer> {
  const response = await fetch(address(), { redirect: "error" });
  return response.ok ? response.json() : { viewer: null };
}

/** Leaves this page for the identity provider's, which leads back to it. */
export function goToProvider() {
  keepToken(null);
  location.assign("session/openid");
}

/** Begins a session. Throws what the server says of it. */
export async function beginSession(name: string, password: string): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ name, password });
  const response = await fetch(address(), { method: "POST", headers, body, redirect: "error" });
  if (response.ok) return;
  const told = await response.json().catch(() => null);
  throw new Error(told ? `${told.message}.` : `The server answered ${response.status} ${response.statusText}.`);
}

export async function endSession(): Promise<void> {
  await fetch(address(), { method: "DELETE", redirect: "error" });
}
