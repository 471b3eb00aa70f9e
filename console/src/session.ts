// Who is signed in.
import { useSyncExternalStore } from "react";
import { keepToken, readToken, takeTokenFromAddress, tokenInAddress } from "#api/credentials.ts";
import { ask, explain, whenSignedOut } from "#api/endpoint.ts";
import { SignedOut } from "#api/operation.ts";
import { disconnect } from "#api/socket.ts";
import { forgetNews } from "./parts/title.ts";
import { dismissAll, tell, tellProblem } from "./parts/toast.tsx";
import { Me } from "./session.graphql.ts";

export type Viewer = { id: string; name: string; isAdmin: boolean };
export type Provider = { label: string };

/** `viewer` undefined: not known yet; null: nobody. `before`: whose session has ended, whose pages are kept until it is known
 * who signs in next. `problem`: what went wrong at signing in, or since. */
export type Session = { viewer: Viewer | null | undefined; before?: Viewer; provider?: Provider; problem?: string };

const ENDED = "The session has ended. Sign in again to go on where you are.";
const WRONG_LINK = "The token of this link is wrong, or good no more.";

let session: Session = { viewer: undefined };
const watchers = new Set<() => void>();
const tabs = new BroadcastChannel("procession.session"); // the session of a browser is that of all its tabs

function become(next: Session) {
  const [was, is] = [session, next].map(({ viewer, before }) => (viewer ?? before)?.id);
  session = next;
  if (was !== is) {
    disconnect();
    dismissAll();
    forgetNews();
  }
  watchers.forEach((each) => each());
}

const arrive = (viewer: Viewer | null, { provider }: Session = session) => become({ viewer, ...(provider && { provider }) });

export function useSession(): Session {
  return useSyncExternalStore((act) => (watchers.add(act), () => void watchers.delete(act)), () => session);
}

/** Who is signed in, or was until the session ended. Only for what is shown to somebody who is. */
export function useViewer(): Viewer {
  const { viewer, before } = useSession();
  const found = viewer ?? before;
  if (!found) throw new SignedOut();
  return found;
}

type Shown = { viewer: Viewer | null; openid?: Provider; problem?: string };

/** Looks who is signed in, by a link, by a token of this tab, or by a session of this browser. */
export async function begin() {
  const isLink = takeTokenFromAddress();
  addEventListener("hashchange", () => tokenInAddress() && location.reload());
  whenSignedOut(() => {
    if (session.viewer) end(ENDED);
  });
  tabs.onmessage = ({ data }) => void follow(data as string | null).catch(tellProblem);
  try {
    const [shown, viewer] = await Promise.all([look(), readToken() === null ? null : identify()]);
    const wrong = isLink && !viewer ? WRONG_LINK : undefined;
    become({ viewer: viewer ?? shown.viewer, ...provided(shown), ...(wrong && { problem: wrong }) });
    if (wrong && session.viewer) tell(wrong, true);
    if (!viewer) tellTabs();
  } catch (error) {
    become({ viewer: null, problem: (error as Error).message });
  }
}

/** Tells the others whose session it is now. */
const tellTabs = () => tabs.postMessage(session.viewer?.id ?? null);

let told = 0; // times, by others

/** Another tab has another viewer: what this one asks counts as theirs. A tab with a token stays as it is. */
async function follow(id: string | null) {
  const mine = ++told;
  if (session.viewer === undefined || readToken() !== null || id === (session.viewer?.id ?? null)) return;
  const { viewer } = await look();
  if (mine !== told) return; // they have told of something else meanwhile
  const [was, is] = [session.viewer?.id, viewer?.id];
  if (was === is) return;
  if (!viewer) return end(ENDED);
  arrive(viewer);
  if (was) tell(`In another tab ${viewer.name} has signed in: this one is theirs now, too.`, true);
}

async function look(): Promise<Shown> {
  const response = await fetch("/session", { redirect: "error" }).catch(explain);
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
  const response = await fetch("/session", { method: "POST", headers, body, redirect: "error" }).catch(explain);
  if (!response.ok) throw new Error(await reasonIn(response));
  keepToken(null);
  const { viewer } = await look();
  if (!viewer) throw new Error("This browser does not keep the session. Let it keep the cookies of this site, or sign in with a token.");
  arrive(viewer);
  tellTabs();
}

async function reasonIn(response: Response): Promise<string> {
  const told = (await response.json().catch(() => null)) as { message?: string } | null;
  return told?.message ?? `The server answered ${response.status}`;
}

export async function signInByToken(token: string) {
  keepToken(token);
  const viewer = await identify();
  if (!viewer) throw new Error("The server does not accept this token");
  arrive(viewer);
}

/** Leaves for the identity provider's page, which leads back to where we are. */
export function goToProvider() {
  keepToken(null);
  location.assign(`/session/openid?page=${encodeURIComponent(location.pathname + location.search)}`);
}

export async function signOut() {
  const isOfTab = readToken() !== null;
  if (!isOfTab) {
    const response = await fetch("/session", { method: "DELETE", redirect: "error" }).catch(explain);
    if (!response.ok) throw new Error(`You are still signed in: ${await reasonIn(response)}`);
  }
  keepToken(null);
  arrive(null);
  if (!isOfTab) tellTabs();
}

/** Nobody has signed out: what has been typed is kept. */
function end(problem: string) {
  keepToken(null);
  disconnect();
  const before = session.viewer ?? session.before;
  become({ viewer: null, problem, ...(session.provider && { provider: session.provider }), ...(before && { before }) });
}
