// Operations over HTTP.
import { authorization } from "./credentials";
import { type Operation, Refusal, SignedOut, type Told } from "./operation";

const ADDRESS = "/graphql";
const ACCEPT = "application/graphql-response+json, application/json";

type Reply = { data?: unknown; errors?: readonly Told[] };

/** What is done when the server no longer knows who asks. */
let onSignedOut = () => {};
export const whenSignedOut = (act: () => void) => (onSignedOut = act);

export function signedOut(): SignedOut {
  onSignedOut();
  return new SignedOut();
}

export async function ask<A, V>(operation: Operation<A, V>, variables: V, signal?: AbortSignal): Promise<A> {
  const response = await fetch(ADDRESS, {
    method: "POST",
    headers: { Accept: ACCEPT, "Content-Type": "application/json", ...authorization() },
    body: JSON.stringify({ query: operation, variables }),
    redirect: "error",
    signal: signal ?? null,
  }).catch(explain);
  return answerIn<A>(response.status, await response.text().catch(explain));
}

/** The connection ended, or there was none: one may try again. */
export class Unreachable extends Error {}

export function explain(error: unknown): never {
  if (error instanceof DOMException && error.name === "AbortError") throw error;
  throw new Unreachable("The server cannot be reached. Is it running, and are you connected?");
}

export function answerIn<A>(status: number, text: string): A {
  if (status === 401) throw signedOut();
  const { data, errors } = read(status, text);
  if (errors?.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED")) throw signedOut();
  if (errors?.length) throw new Refusal(errors);
  return data as A;
}

function read(status: number, text: string): Reply {
  try {
    return JSON.parse(text) as Reply;
  } catch {
    if (status >= 500) throw new Unreachable(`The server answered ${status}.`);
    throw new Error(`The server answered ${status}: ${text.slice(0, 200) || "nothing"}`);
  }
}
