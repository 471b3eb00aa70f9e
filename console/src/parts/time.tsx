// Moments in the viewer's own zone; the exact one, in UTC, on hover.
import { useSyncExternalStore } from "react";

const DAY_MS = 86_400_000;
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const LONG = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const exact = (moment: string) => `${moment.replace("T", " ").replace(/Z$/, "")} UTC`;
export const clock = (moment: string) => CLOCK.format(new Date(moment));

/** `long`: always with its date and year. */
export function Time({ at, long = false }: { at: string; long?: boolean }) {
  useDay();
  return <time dateTime={at} title={exact(at)}>{long ? LONG.format(new Date(at)) : brief(at)}</time>;
}

function brief(at: string): string {
  const then = new Date(at);
  const now = new Date();
  if (then.toDateString() === now.toDateString()) return CLOCK.format(then);
  const isFar = Math.abs(now.getTime() - then.getTime()) > 180 * DAY_MS;
  return isFar ? YEAR.format(then) : `${DATE.format(then)}, ${CLOCK.format(then).replace(/(\d+:\d+):\d+/, "$1")}`;
}

const UNITS: [number, string][] = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** At most two units of it: `3 min 20 s`. Below ten seconds with a tenth. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms / 1000);
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [size, name] of UNITS) {
    const count = Math.floor(rest / size);
    if (count || parts.length) parts.push(`${count} ${name}`);
    rest -= count * size;
  }
  return parts.slice(0, 2).filter((part) => !part.startsWith("0 ")).join(" ");
}

type Life = { status: string; startTime: string; endedAt: string | null };

/** How long a process ran or has been running; while it waits, until when. */
export function Took({ of: { status, startTime, endedAt } }: { of: Life }) {
  const now = useNow();
  const start = Date.parse(startTime);
  if (status === "SCHEDULED") return <span className="faint">{start > now ? `in ${duration(start - now)}` : "due"}</span>;
  const end = endedAt ? Date.parse(endedAt) : now;
  return <span className="number">{endedAt && end < start ? "never ran" : duration(end - start)}</span>;
}

let second = Date.now();
const watchers = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

/** The present moment, anew each second: one clock for all that show it. */
export function useNow(): number {
  return useSyncExternalStore(watch, () => second);
}

/** The present day: what was today's is drawn anew at midnight. */
const useDay = () => useSyncExternalStore(watch, () => new Date(second).toDateString());

function watch(act: () => void) {
  watchers.add(act);
  ticking ??= setInterval(() => {
    second = Date.now();
    watchers.forEach((each) => each());
  }, 1000);
  return () => {
    watchers.delete(act);
    if (watchers.size) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}
