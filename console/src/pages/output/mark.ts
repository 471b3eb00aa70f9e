// The lines that the address marks: `#L12`, or `#L12-L20`.
import { go, useHash } from "../../router.tsx";

export type Mark = { from: number; to: number };

export function useMark(): Mark | null {
  const [, from, to] = /^#L(\d+)(?:-L(\d+))?$/.exec(useHash()) ?? [];
  if (!from) return null;
  const ends = [Number(from), Number(to ?? from)].sort((one, other) => one - other) as [number, number];
  return { from: ends[0], to: ends[1] };
}

export function mark(from: number, to = from) {
  go(`${location.pathname}${location.search}#L${from}${to === from ? "" : `-L${to}`}`, { replace: true });
}
