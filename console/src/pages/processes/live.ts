// A list that follows what happens.
import { useEffect, useReducer, useRef, useState } from "react";
import type { Answered } from "#api/answer.ts";
import { listen, whenOpened } from "#api/socket.ts";
import { Changes, type ListQuery, type RowFragment } from "./list.graphql.ts";

const AT_MOST_EVERY_MS = 1500; // the list is asked for again

/** Rows that are shown change at once; the list is asked for again, now and then, for its order and its counts. */
export function useLive({ replace, reload }: Answered<ListQuery>) {
  const [error, setError] = useState<Error | null>(null);
  const [round, again] = useReducer((before: number) => before + 1, 0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    const soon = () => {
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        reload();
      }, AT_MOST_EVERY_MS);
    };
    setError(null);
    const forget = whenOpened(soon);
    const stop = listen(Changes, {}, {
      next: ({ processChanges: { id, process } }) => {
        replace((list) => changed(list, id, process));
        soon();
      },
      fail: setError,
    });
    return () => {
      stop();
      forget();
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [replace, reload, round]);
  return { error, again: () => (again(), reload()) };
}

function changed(list: ListQuery, id: string, process: RowFragment | null): ListQuery {
  const { nodes } = list.processes;
  if (!nodes.some((each) => each.id === id)) return list;
  const next = process ? nodes.map((each) => (each.id === id ? process : each)) : nodes.filter((each) => each.id !== id);
  return { processes: { ...list.processes, nodes: next } };
}
