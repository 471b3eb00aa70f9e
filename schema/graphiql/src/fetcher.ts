// What GraphiQL calls to run an operation.
import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { getOperationAST, parse, type GraphQLSchema } from "graphql";
import { noteDownloads } from "./downloads";
import { openSocket, post, reasonOf, refusesToken, type Answer } from "./endpoint";
import { showEvent, startLog, stopLog } from "./live-output";
import { Unauthenticated, type Token } from "./session";
import { encode } from "./upload";

type Observer = { next(answer: Answer): void; error(reason: Error): void; complete(): void };

export type Connection = { fetcher: Fetcher; close(): void };

/** `schemaOf` gives the schema once it is known; `onRefused` hears that nobody is signed in any more. */
export function connect(
  token: Token,
  schemaOf: () => GraphQLSchema | null,
  onRefused: () => void,
): Connection {
  const socket = openSocket(token);
  let isClosed = false;

  /** A late answer to a sign-in that has been replaced says nothing about the new one. */
  const refuse = () => {
    if (!isClosed) onRefused();
  };

  function check<T extends Answer>(answer: T): T {
    if (refusesToken(answer)) refuse();
    return answer;
  }

  /** What GraphiQL is to show; it would show the stack too. */
  function reported(reason: Error): Error {
    if (reason instanceof Unauthenticated) refuse();
    delete reason.stack;
    return reason;
  }

  async function ask(params: FetcherParams): Promise<Answer> {
    try {
      const answer = check(await post(token, encode(params, schemaOf())));
      noteDownloads(answer.data);
      return answer;
    } catch (error) {
      throw reported(reasonOf(error));
    }
  }

  function subscribe(params: FetcherParams) {
    return {
      subscribe(observer: Observer) {
        startLog(params.operationName ?? "Subscription");
        const payload = { query: params.query, operationName: params.operationName, variables: { ...params.variables } };
        const close = socket.subscribe<Record<string, unknown>>(payload, {
          next(event) {
            const lastSeq = showEvent(event.data);
            // After a lost connection the same payload is sent again: go on where we are.
            if (lastSeq !== null) Object.assign(payload.variables, { after: lastSeq, last: null });
            observer.next(check(event as Answer));
          },
          error(failure) {
            stopLog();
            observer.error(reported(reasonOf(failure)));
          },
          complete() {
            stopLog();
            observer.complete();
          },
        });
        return { unsubscribe: close };
      },
    };
  }

  return {
    fetcher: ((params: FetcherParams) => (isSubscription(params) ? subscribe(params) : ask(params))) as Fetcher,
    close() {
      isClosed = true;
      void socket.dispose();
    },
  };
}

function isSubscription({ query, operationName }: FetcherParams): boolean {
  try {
    return getOperationAST(parse(query), operationName)?.operation === "subscription";
  } catch {
    return false; // The server says what is wrong with it.
  }
}
