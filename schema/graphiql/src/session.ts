// Who is signed in. The token lives in this browser tab and nowhere else.
const KEY = "procession.token";
const IN_FRAGMENT = /^#token=(.+)$/;

export type Viewer = { name: string; isAdmin: boolean };

/** The server does not accept the token. */
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
export const keepToken = (token: string) => sessionStorage.setItem(KEY, token);

/** True from the moment when all is forgotten until the page has loaded again: nothing more is stored then. */
export let isForgetting = false;

/** Forgets all that was typed (variables may hold a script's secrets) and loads the page anew, signed in or not. */
export function startAfresh(token: string | null) {
  isForgetting = true;
  sessionStorage.clear();
  if (token !== null) keepToken(token);
  location.reload();
}
