// What this page signs in with: a token, which lives in this browser tab and nowhere else, or the cookie of a session, which
// no script can read. GraphiQL, in the same tab, uses the same.

const KEY = "procession.token";

export const readToken = (): string | null => sessionStorage.getItem(KEY);

export function keepToken(token: string | null) {
  if (token === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
}

/** What is no token may have letters that no header can have: so it is refused as others are. */
export function authorization(): Record<string, string> {
  const token = readToken();
  return token === null ? {} : { Authorization: `Bearer ${encodeURI(token)}` };
}

export const tokenInAddress = () => /^#token=(.+)$/.exec(location.hash)?.[1];

/** A link `/#token=…` signs in; answers whether it was one. The token leaves the address, and the history, at once. */
export function takeTokenFromAddress(): boolean {
  const found = tokenInAddress();
  if (!found) return false;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    keepToken(decodeURIComponent(found));
  } catch {
    keepToken(found); // no encoding, and no token either: it is refused as others are
  }
  return true;
}
