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
  return answerIn<A>(response.status, await response.text());
}

function explain(error: unknown): never {
  if (error instanceof DOMException && error.name === "AbortError") throw error;
  throw new Error("The server cannot be reached. Is it running, and are you connected?");
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
    throw new Error(`The server answered ${status}: ${text.slice(0, 200) || "nothing"}`);
  }
}

type Sending = { operation: string; variables: Record<string, unknown>; files: Map<string, File> };

/** Sends an operation with files, whose places in the variables are named like `variables.parameters.0.file`. */
export function send<A>(sending: Sending, onProgress: (share: number) => void, signal: AbortSignal): Promise<A> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // of which fetch has no progress
    request.open("POST", ADDRESS);
    const headers = { Accept: ACCEPT, "Apollo-Require-Preflight": "true", ...authorization() };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 1);
    request.onload = () => {
      try {
        resolve(answerIn<A>(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    };
    request.onerror = () => reject(new Error("The connection was lost while sending. Nothing was started; try again."));
    request.onabort = () => reject(new DOMException("Sending was cancelled. Nothing was started.", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(multipart(sending));
  });
}

/** The GraphQL multipart request: operations, map, then the files. */
function multipart({ operation, variables, files }: Sending): FormData {
  const form = new FormData();
  const places = [...files.keys()].map((place, index) => [index, [place]]);
  form.set("operations", JSON.stringify({ query: operation, variables }));
  form.set("map", JSON.stringify(Object.fromEntries(places)));
  [...files.values()].forEach((file, index) => form.set(String(index), file, file.name));
  return form;
}
