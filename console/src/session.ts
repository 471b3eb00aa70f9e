// Who is signed in.
import { useSyncExternalStore } from "react";
import { keepToken, readToken, takeTokenFromAddress } from "#api/credentials.ts";
import { ask, whenSignedOut } from "#api/endpoint.ts";
import { SignedOut } from "#api/operation.ts";
import { disconnect } from "#api/socket.ts";
import { Me } from "./session.graphql.ts";

export type Viewer = { id: string; name: string; isAdmin: boolean };
export type Provider = { label: string };

/** `viewer` undefined: not known yet; null: nobody. `problem`: what went wrong at signing in, or since. */
export type Session = { viewer: Viewer | null | undefined; provider?: Provider; problem?: string };

let session: Session = { viewer: undefined };
const watchers = new Set<() => void>();

function become(next: Session) {
  session = next;
  watchers.forEach((each) => each());
}

export function useSession(): Session {
  return useSyncExternalStore((act) => (watchers.add(act), () => void watchers.delete(act)), () => session);
}

/** Who is signed in. Only for what is shown to somebody who is. */
export function useViewer(): Viewer {
  const { viewer } = useSession();
  if (!viewer) throw new SignedOut();
  return viewer;
}

type Shown = { viewer: Viewer | null; openid?: Provider; problem?: string };

/** Looks who is signed in, by a link, by a token of this tab, or by a session of this browser. */
export async function begin() {
  takeTokenFromAddress();
  whenSignedOut(() => {
    if (session.viewer) end("The session has ended. Sign in again to go on where you are.");
  });
  try {
    const [shown, viewer] = await Promise.all([look(), readToken() === null ? null : identify()]);
    become({ viewer: viewer ?? shown.viewer, ...provided(shown) });
  } catch (error) {
    become({ viewer: null, problem: (error as Error).message });
  }
}

async function look(): Promise<Shown> {
  const response = await fetch("/session", { redirect: "error" });
  if (!response.ok) throw new Error(`The server answered ${response.status}. Try again in a moment.`);
  return (await response.json()) as Shown;
}

const provided = ({ openid, problem }: Shown) => ({ ...(openid && { provider: openid }), ...(problem && { problem }) });

/** Whose token this tab has; null if it is good no more. */
async function identify(): Promise<Viewer | null> {
  try {
    return (await ask(Me, {})).viewer;
  } catch (error) {
    if (!(error instanceof SignedOut)) throw error;
    keepToken(null);
    return null;
  }
}

export async function signInByPassword(name: string, password: string) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ name, password });
  const response = await fetch("/session", { method: "POST", headers, body, redirect: "error" });
  if (!response.ok) throw new Error(await reasonIn(response));
  keepToken(null);
  become({ ...session, ...(await look()) });
}

async function reasonIn(response: Response): Promise<string> {
  const told = (await response.json().catch(() => null)) as { message?: string } | null;
  return told?.message ?? `The server answered ${response.status}`;
}

export async function signInByToken(token: string) {
  keepToken(token);
  const viewer = await identify();
  if (!viewer) throw new Error("The server does not accept this token");
  become({ ...session, viewer });
}

/** Leaves for the identity provider's page, which leads back to where we are. */
export function goToProvider() {
  keepToken(null);
  location.assign(`/session/openid?page=${encodeURIComponent(location.pathname + location.search)}`);
}

export async function signOut() {
  if (readToken() === null) await fetch("/session", { method: "DELETE", redirect: "error" });
  end();
}

function end(problem?: string) {
  keepToken(null);
  disconnect();
  become({ viewer: null, ...(session.provider && { provider: session.provider }), ...(problem && { problem }) });
}
