// The processes whose ends somebody wants to be told of: kept in this browser, also while none of its pages is open.
import { useMemo, useSyncExternalStore } from "react";

const KEY = "procession.awaited";
const MOST = 50; // of all who use this browser, the newest: each is a subscription

type Awaited = { id: string; viewer: string };

const watchers = new Set<() => void>();
const kept = () => localStorage.getItem(KEY) ?? "[]";

function parse(text: string): Awaited[] {
  try {
    const all = JSON.parse(text) as unknown;
    return Array.isArray(all) ? (all as Awaited[]) : [];
  } catch {
    return [];
  }
}

function keep(next: Awaited[]) {
  if (next.length) localStorage.setItem(KEY, JSON.stringify(next.slice(-MOST)));
  else localStorage.removeItem(KEY);
  watchers.forEach((each) => each());
}

const others = (id: string, viewer: string) => parse(kept()).filter((each) => each.id !== id || each.viewer !== viewer);

export const awaitEnd = (id: string, viewer: string) => keep([...others(id, viewer), { id, viewer }]);
export const forget = (id: string, viewer: string) => keep(others(id, viewer));

/** The ids of what this viewer awaits, also when another tab changes that. */
export function useAwaited(viewer: string): string[] {
  const text = useSyncExternalStore(watch, kept);
  return useMemo(() => parse(text).filter((each) => each.viewer === viewer).map(({ id }) => id), [text, viewer]);
}

function watch(act: () => void) {
  watchers.add(act);
  addEventListener("storage", act);
  return () => {
    watchers.delete(act);
    removeEventListener("storage", act);
  };
}
