// Subscriptions: one WebSocket for all, opened by the first, closed after the last, and opened again when it is cut.
import { type Client, createClient } from "graphql-ws";
import { useSyncExternalStore } from "react";
import { authorization } from "./credentials";
import { signedOut } from "./endpoint";
import { type Operation, Refusal, SignedOut, type Told } from "./operation";

const PING_EVERY_MS = 15_000;
const PONG_WITHIN_MS = 5_000;
const LONGEST_PAUSE_MS = 8_000;
const REFUSED = [4401, 4403];
const UNANSWERED = 1011; // the server's, of who does not answer its pings, such as a computer that sleeps; the library gives up at it
const AFTER_UNANSWERED_MS = 1_000;

let client: Client | undefined;
let isCut = false;
const watchers = new Set<() => void>();
const openings = new Set<() => void>();

function tell(cut: boolean) {
  isCut = cut;
  watchers.forEach((each) => each());
}

function connect(): Client {
  let pong: ReturnType<typeof setTimeout> | undefined;
  const made = createClient({
    url: `${location.origin.replace(/^http/, "ws")}/graphql`,
    connectionParams: authorization,
    keepAlive: PING_EVERY_MS,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: (count) => new Promise((go) => setTimeout(go, Math.min(250 * 2 ** count, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2))),
    shouldRetry: (failure) => !REFUSED.includes(codeOf(failure)),
    on: {
      connected: () => {
        tell(false);
        openings.forEach((each) => each());
      },
      closed: (event) => {
        clearTimeout(pong);
        if (codeOf(event) !== 1000 && made === client) tell(true);
      },
      ping: (received) => {
        if (!received) pong = setTimeout(() => made.terminate(), PONG_WITHIN_MS);
      },
      pong: () => clearTimeout(pong),
    },
  });
  return made;
}

const codeOf = (failure: unknown): number => (failure as { code?: number } | null)?.code ?? 0;

/** Signed in as somebody else: the next subscription opens a new connection. */
export function disconnect() {
  Promise.resolve(client?.dispose()).catch(() => {}); // it may have been refused, and never have opened
  client = undefined;
  tell(false);
}

type Sink<A> = { next(answer: A): void; fail(error: Error): void };

/** Listens until what it gives back is called. After a cut `variables` are sent as they are then: change them to resume. That the
 * session has ended is no failure: pages are kept then, and listen anew once somebody is signed in. */
export function listen<A, V extends Record<string, unknown>>(operation: Operation<A, V>, variables: V, sink: Sink<A>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop = () => {};
  const fail = (failure: unknown) => {
    const error = failureOf(failure);
    if (!(error instanceof SignedOut)) sink.fail(error);
  };
  const begin = () => {
    client ??= connect();
    stop = client.subscribe<A>({ query: operation, variables }, {
      next: ({ data, errors }) => {
        if (errors) fail(errors);
        else if (data) sink.next(data);
      },
      error: (failure) => {
        if (codeOf(failure) === UNANSWERED) timer = setTimeout(begin, AFTER_UNANSWERED_MS);
        else {
          tell(false); // what is refused is not tried again
          fail(failure);
        }
      },
      complete: () => {},
    });
  };
  begin();
  return () => {
    clearTimeout(timer);
    stop();
  };
}

function failureOf(failure: unknown): Error {
  const told = Array.isArray(failure) ? (failure as Told[]) : [];
  if (REFUSED.includes(codeOf(failure)) || told[0]?.extensions?.code === "UNAUTHENTICATED") return signedOut();
  if (told.length) return new Refusal(told);
  return new Error("The live connection was closed.");
}

/** Acts whenever the connection is open, at first or again, until what it gives back is called: of what changed before nobody is told. */
export function whenOpened(act: () => void): () => void {
  openings.add(act);
  return () => void openings.delete(act);
}

/** Whether the connection is cut, and tried again. */
export function useCut(): boolean {
  return useSyncExternalStore(watch, () => isCut);
}

function watch(act: () => void) {
  watchers.add(act);
  return () => void watchers.delete(act);
}
