// Short news at the edge of the page, which are also spoken.
import { useSyncExternalStore } from "react";
import { wordsOf } from "#api/operation.ts";
import { Icon } from "./icon.tsx";

type News = { id: number; text: string; isProblem: boolean };

const STAYS_MS = 6_000;
let all: News[] = [];
let count = 0;
const watchers = new Set<() => void>();

function change(next: News[]) {
  all = next;
  watchers.forEach((each) => each());
}

export function tell(text: string, isProblem = false) {
  const id = ++count;
  change([...all, { id, text, isProblem }]);
  if (!isProblem) setTimeout(() => dismiss(id), STAYS_MS);
}

export const tellProblem = (error: unknown) => tell(wordsOf(error), true);

const dismiss = (id: number) => change(all.filter((each) => each.id !== id));

export function Toasts() {
  const shown = useSyncExternalStore((act) => (watchers.add(act), () => void watchers.delete(act)), () => all);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, isProblem }) => (
        <p key={id} className={isProblem ? "toast problem" : "toast"}>
          <Icon name={isProblem ? "alert" : "check"} />{text}
          <button type="button" className="quiet small" aria-label="Dismiss" onClick={() => dismiss(id)}><Icon name="cross" /></button>
        </p>
      ))}
    </div>
  );
}
