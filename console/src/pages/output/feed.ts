// Where the lines come from: what is there by pages, what is new by a subscription. Both tell numbers, so nothing is missed
// and nothing comes twice, also after a cut.
import { useEffect, useReducer, useState, useSyncExternalStore } from "react";
import { ask } from "#api/endpoint.ts";
import { SignedOut } from "#api/operation.ts";
import { listen } from "#api/socket.ts";
import { BLOCK, type Line, Lines } from "./lines.ts";
import { Block, Follow, FollowTimed, TimedBlock } from "./output.graphql.ts";

const TAIL = 500; // lines with which it begins
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000]; // after which lines that could not be read are asked for again

export type Feed = {
  lines: Lines;
  /** Asks for what is missing of these lines. */
  want(from: number, to: number): void;
  /** Why lines are missing; they are asked for again by themselves. */
  unread: Error | null;
  /** Why no new lines come any more. */
  ended: Error | null;
  followAgain(): void;
};

export function useFeed(id: string, timed: boolean): Feed {
  const [lines] = useState(() => new Lines());
  const [unread, setUnread] = useState<Error | null>(null);
  const [ended, setEnded] = useState<Error | null>(null);
  const [round, followAgain] = useReducer((before: number) => before + 1, 0);
  const [asked] = useState(() => new Set<string>());
  const [failures] = useState(() => new Map<string, number>()); // one after the other, of what is asked for
  useSyncExternalStore(lines.watch, () => lines.version);

  useEffect(() => {
    setEnded(null);
    return follow(id, lines, timed, setEnded);
  }, [id, lines, timed, round]);

  const want = (from: number, to: number) => {
    lines.touch(from, to);
    const missing = lines.missing(from, to, timed);
    if (!missing.length) setUnread(null); // what could not be read is looked at no more
    for (const block of missing) {
      const key = `${block} ${timed}`;
      if (asked.has(key)) continue;
      asked.add(key);
      const done = () => {
        asked.delete(key);
        lines.changed(); // Lines that came meanwhile may be wanted now.
      };
      load(id, lines, block, timed).then(() => {
        failures.delete(key);
        setUnread(null);
        done();
      }, (error: Error) => {
        const before = failures.get(key) ?? 0;
        failures.set(key, before + 1);
        if (!(error instanceof SignedOut)) setUnread(error);
        setTimeout(done, PAUSES_MS[Math.min(before, PAUSES_MS.length - 1)]);
      });
    }
  };
  return { lines, want, unread, ended, followAgain };
}

/** All of a block that is there by now: a page may have fewer lines than were asked for. */
async function load(id: string, lines: Lines, block: number, timed: boolean) {
  let after = block * BLOCK;
  const end = Math.min(after + BLOCK, lines.count);
  while (after < end) {
    const page = await readPage(id, after, end - after, timed);
    if (!page.lines.length) throw new Error(`The lines ${after + 1} to ${end} could not be read.`);
    lines.put(after + 1, page.lines);
    after += page.lines.length;
  }
}

type Page = { lines: Line[]; hasMore: boolean };

export async function readPage(id: string, after: number, first: number, timed: boolean): Promise<Page> {
  if (timed) {
    const { process } = await ask(TimedBlock, { id, after, first });
    return { lines: process?.output.lines ?? [], hasMore: process?.output.hasMore ?? false };
  }
  const { process } = await ask(Block, { id, after, first });
  const page = process?.output;
  return { lines: page?.lastSeq ? split(page.text) : [], hasMore: page?.hasMore ?? false };
}

const split = (text: string): Line[] => text.split("\n").map((each) => ({ text: each }));

function follow(id: string, lines: Lines, timed: boolean, fail: (error: Error) => void): () => void {
  if (lines.isComplete) return () => {};
  const variables: { id: string; after?: number | null; last?: number | null } = { id, after: null, last: TAIL };
  if (lines.count) Object.assign(variables, { after: lines.count, last: null });
  const take = (first: number, last: number, came: Line[]) => {
    lines.put(first, came);
    Object.assign(variables, { after: last, last: null }); // from here on after a cut
  };
  if (timed) {
    return listen(FollowTimed, variables, {
      next: ({ processOutput: event }) => ("endSeq" in event ? lines.grow(event.endSeq, true) : take(event.firstSeq, event.lastSeq, event.lines)),
      fail,
    });
  }
  return listen(Follow, variables, {
    next: ({ processOutput: event }) => ("endSeq" in event ? lines.grow(event.endSeq, true) : take(event.firstSeq, event.lastSeq, split(event.text))),
    fail,
  });
}
