// Short news at the edge of the page, which are also spoken.
import { useSyncExternalStore } from "react";
import { SignedOut, wordsOf } from "#api/operation.ts";
import { Link } from "../router.tsx";
import { Icon, type IconName } from "./icon.tsx";

type More = {
  /** Of what it tells: it takes the place of what was told of that before. */
  about?: string;
  /** An address with more about it. */
  to?: string;
  /** Something that can be had at once. */
  offer?: { words: string; take(): void };
};
type News = More & { id: number; text: string; isProblem: boolean };

const STAYS_MS = 6_000;
const OFFERED_MS = 20_000;
let all: News[] = [];
let count = 0;
const watchers = new Set<() => void>();

function change(next: News[]) {
  all = next;
  watchers.forEach((each) => each());
}

/** Problems, and what leads elsewhere, stay until they are dismissed. */
export function tell(text: string, isProblem = false, more: More = {}) {
  const id = ++count;
  const others = all.filter(({ about }) => !about || about !== more.about);
  change([...others, { id, text, isProblem, ...more }]);
  if (!isProblem && !more.to) setTimeout(() => dismiss(id), more.offer ? OFFERED_MS : STAYS_MS);
}

/** That the session has ended is said where one signs in. */
export const tellProblem = (error: unknown) => error instanceof SignedOut || tell(wordsOf(error), true);

const dismiss = (id: number) => change(all.filter((each) => each.id !== id));

export const dismissAll = () => change([]);

export function Toasts() {
  const shown = useSyncExternalStore((act) => (watchers.add(act), () => void watchers.delete(act)), () => all);
  return <div className="toasts" role="status" aria-live="polite">{shown.map((news) => <Toast key={news.id} news={news} />)}</div>;
}

function Toast({ news: { id, text, isProblem, to, offer } }: { news: News }) {
  const icon: IconName = isProblem ? "alert" : to ? "bell" : "check";
  const end = () => dismiss(id);
  const take = () => {
    offer?.take();
    end();
  };
  return (
    <p className={isProblem ? "toast problem" : "toast"}>
      <Icon name={icon} />{to ? <Link to={to} onClick={end}>{text}</Link> : <span>{text}</span>}
      {offer && <button type="button" onClick={take}><Icon name="bell" />{offer.words}</button>}
      <button type="button" className="quiet small" aria-label="Dismiss" onClick={end}><Icon name="cross" /></button>
    </p>
  );
}
