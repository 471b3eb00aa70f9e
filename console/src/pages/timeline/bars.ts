// Which processes ran in a span of time, and where each is drawn.
import { useEffect, useReducer, useRef, useState } from "react";
import { ask } from "#api/endpoint.ts";
import { SignedOut } from "#api/operation.ts";
import { listen, whenOpened } from "#api/socket.ts";
import { type BarFragment, Moves, Span } from "./timeline.graphql.ts";

export type Bar = BarFragment;
export type Group = { name: string; lanes: Bar[][] };
/** `left`: how many more there are than are drawn, of those that began last. */
export type Found = { bars: Bar[]; left: number };

const AT_MOST_EVERY_MS = 3_000;
const NOWHERE = "Machine not known";

/** Those that began in it, those that began before and ended in it or later, and those that run still. */
async function load(from: string, to: string): Promise<Found> {
  const before = { startTime: { end: from } };
  const pages = await Promise.all([
    ask(Span, { filter: { startTime: { start: from, end: to }, statuses: ["RUNNING", "COMPLETED", "FAILED", "STOPPED"] } }),
    ask(Span, { filter: { ...before, endedAt: { start: from } } }),
    ask(Span, { filter: { ...before, statuses: ["RUNNING"] } }),
  ]);
  const bars = new Map(pages.flatMap(({ processes }) => processes.nodes).filter(ran).map((each) => [each.id, each]));
  return { bars: [...bars.values()], left: pages.reduce((sum, { processes }) => sum + processes.totalCount - processes.nodes.length, 0) };
}

const ran = ({ startTime, endedAt }: Bar) => endedAt === null || endedAt >= startTime;

export function useBars(from: string, to: string) {
  const [found, setFound] = useState<Found>();
  const [error, setError] = useState<Error>();
  const [ended, setEnded] = useState<Error>(); // why it is live no more, whatever is looked at since
  const [round, again] = useReducer((before: number) => before + 1, 0);
  const look = useRef(() => {});
  useEffect(() => {
    let isOver = false; // what is answered of a span that is shown no more is not drawn
    const fail = (failure: Error) => isOver || failure instanceof SignedOut || setError(failure);
    look.current = () => void load(from, to).then((next) => isOver || (setFound(next), setError(undefined)), fail);
    look.current();
    return () => void (isOver = true);
  }, [from, to, round]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        look.current();
      }, AT_MOST_EVERY_MS);
    };
    setEnded(undefined);
    const forget = whenOpened(soon);
    const stop = listen(Moves, {}, { next: soon, fail: setEnded });
    return () => {
      stop();
      forget();
      clearTimeout(timer);
    };
  }, [round]);
  return { found, error: error ?? ended, again };
}

export type By = "machine" | "script";

export function grouped(bars: Bar[], by: By): Group[] {
  const groups = Map.groupBy(bars, (bar) => (by === "script" ? bar.scriptName : (bar.worker?.machine ?? NOWHERE)));
  const sorted = [...groups].sort(([one], [other]) => one.localeCompare(other));
  return sorted.map(([name, some]) => ({ name, lanes: lanesOf(some) }));
}

/** As few lanes as it takes for none to overlap. */
function lanesOf(bars: Bar[]): Bar[][] {
  const lanes: Bar[][] = [];
  for (const bar of bars.toSorted((one, other) => one.startTime.localeCompare(other.startTime))) {
    const free = lanes.find((lane) => (lane.at(-1)?.endedAt ?? "9999") <= bar.startTime);
    if (free) free.push(bar);
    else lanes.push([bar]);
  }
  return lanes;
}
