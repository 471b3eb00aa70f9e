// One process as it is now, for as long as it is looked at.
import { useEffect, useReducer, useState } from "react";
import { Refusal } from "#api/operation.ts";
import { listen } from "#api/socket.ts";
import { type OneFragment, Watch } from "./process.graphql.ts";

type Watched = { process?: OneFragment; error?: Error; isDeleted?: boolean };

/** Its present state comes first, and again after a cut. */
export function useWatched(id: string): Watched & { again(): void } {
  const [watched, setWatched] = useState<Watched>({});
  const [round, again] = useReducer((before: number) => before + 1, 0);
  useEffect(() => listen(Watch, { id }, {
    next: ({ processChanges: { process } }) => setWatched((before) => (process ? { process } : { ...before, isDeleted: true })),
    fail: (error) => setWatched((before) => (before.process && isGone(error) ? { ...before, isDeleted: true } : { ...before, error })),
  }), [id, round]);
  return { ...watched, again };
}

const isGone = (error: Error) => error instanceof Refusal && error.code === "NOT_FOUND";
