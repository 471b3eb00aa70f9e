// The one address this page talks to: its own.
import { createClient, type Client } from "graphql-ws";
import { Unauthenticated, type Token, type Viewer } from "./session";

export type Answer = {
  data?: Record<string, unknown> | null;
  errors?: readonly { message: string; extensions?: { code?: unknown } | undefined }[];
};

const PONG_WITHIN_MS = 5_000;
const PING_EVERY_MS = 15_000;
const REFUSED = "The server does not accept this token, or the session has ended.";
const FORBIDDEN = 4403;
const UNAUTHORISED = 4401;

const credentials = (token: Token): Record<string, string> => (token === null ? {} : { Authorization: `Bearer ${token}` });

/** Sends one operation, as JSON or, with files, as multipart/form-data. */
export async function post(token: Token, body: string | FormData): Promise<Answer> {
  const headers: Record<string, string> = {
    Accept: "application/graphql-response+json, application/json",
    ...credentials(token),
    "X-Requested-With": "procession",
  };
  if (typeof body === "string") headers["Content-Type"] = "application/json";
  else headers["Apollo-Require-Preflight"] = "true";
  const response = await fetch(location.pathname, { method: "POST", headers, body, redirect: "error" });
  if (response.status === 401) throw new Unauthenticated(REFUSED);
  return read(response);
}

/** A file of this server. */
export async function download(token: Token, url: string): Promise<Blob> {
  const response = await fetch(url, { headers: credentials(token), redirect: "error" });
  if (!response.ok) throw new Error(`The server answered ${response.status} ${response.statusText}.`);
  return response.blob();
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`The server answered ${response.status} ${response.statusText}: ${text.slice(0, 200)}`);
  }
}

export function refusesToken(answer: Answer): boolean {
  return answer.errors?.some((error) => error.extensions?.code === "UNAUTHENTICATED") ?? false;
}

export async function askViewer(token: Token): Promise<Viewer> {
  const answer = await post(token, JSON.stringify({ query: "{ viewer { name isAdmin } }" }));
  if (refusesToken(answer)) throw new Unauthenticated(REFUSED);
  const viewer = answer.data?.viewer as Viewer | undefined;
  if (!viewer) throw new Error(answer.errors?.[0]?.message ?? "The server did not say who you are.");
  return viewer;
}

/** One socket for all subscriptions: opened by the first, closed after the last, found dead by pings. */
export function openSocket(token: Token): Client {
  const url = new URL(location.pathname, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  let pong: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: url.href,
    connectionParams: credentials(token),
    keepAlive: PING_EVERY_MS,
    retryAttempts: 10,
    shouldRetry: (failure) => isClosing(failure) && failure.code !== FORBIDDEN,
    on: {
      ping: (received) => {
        if (!received) pong = setTimeout(() => client.terminate(), PONG_WITHIN_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pong);
      },
      closed: () => clearTimeout(pong),
    },
  });
  return client;
}

function isClosing(failure: unknown): failure is { code: number; reason: string } {
  return typeof failure === "object" && failure !== null && "code" in failure && "reason" in failure;
}

/** Why a subscription broke off: graphql-ws gives a close event, a list of errors or an error. */
export function reasonOf(failure: unknown): Error {
  if (isClosing(failure)) {
    if (failure.code === FORBIDDEN || failure.code === UNAUTHORISED) {
      return new Unauthenticated(REFUSED);
    }
    return new Error(`The connection was closed (${failure.code}${failure.reason && `, ${failure.reason}`}).`);
  }
  if (Array.isArray(failure)) return new Error(failure.map((error) => error.message).join("; "));
  return failure instanceof Error ? failure : new Error(String(failure));
}
