// Addresses of this page: read, followed without loading it anew, and kept in step with what is shown.
import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from "react";

const CHANGED = "addresschange";

/** Goes to an address of this page; `replace`: without a step for the button “Back”. */
export function go(to: string, { replace = false } = {}) {
  const before = location.pathname;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  if (location.pathname !== before) window.scrollTo(0, 0);
  dispatchEvent(new Event(CHANGED));
}

function watch(act: () => void) {
  const events = ["popstate", "hashchange", CHANGED];
  events.forEach((each) => addEventListener(each, act));
  return () => events.forEach((each) => removeEventListener(each, act));
}

export const usePath = () => useSyncExternalStore(watch, () => location.pathname);
export const useHash = () => useSyncExternalStore(watch, () => location.hash);

/** What stands behind `?`, and how to change some of it: null takes a word away. */
export function useSearch(): [URLSearchParams, (changes: Record<string, string | null>, options?: { replace?: boolean }) => void] {
  const text = useSyncExternalStore(watch, () => location.search);
  return [new URLSearchParams(text), changeSearch];
}

function changeSearch(changes: Record<string, string | null>, options?: { replace?: boolean }) {
  const search = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") search.delete(name);
    else search.set(name, value);
  }
  go(`${location.pathname}${search.size ? `?${search}` : ""}${location.hash}`, options);
}

type Anchor = AnchorHTMLAttributes<HTMLAnchorElement> & { to: string };

export function Link({ to, onClick, ...rest }: Anchor) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
    if (event.defaultPrevented || elsewhere) return;
    event.preventDefault();
    go(to);
  };
  return <a {...rest} href={to} onClick={follow} />;
}
