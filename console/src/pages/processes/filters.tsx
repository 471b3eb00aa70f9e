// What narrows the list down: kept in the address, so that a list can be sent to somebody.
import { useEffect, useRef, useState } from "react";
import { useAnswer } from "#api/answer.ts";
import { Choices } from "./list.graphql.ts";
import { Icon } from "#parts/icon.tsx";
import { STATUSES, type Status, wordOf } from "#parts/status.tsx";
import { useSearch } from "../../router.tsx";
import { SPANS, statusesIn } from "./wanted.ts";

const PAUSE_MS = 300; // of typing, after which is searched

/** Changes of what is wanted begin at the first page. */
function useFilter() {
  const [search, change] = useSearch();
  return [search, (changes: Record<string, string | null>, replace = false) => change({ ...changes, after: null, before: null }, { replace })] as const;
}

export function Filters() {
  const [search, change] = useFilter();
  const { answer } = useAnswer(Choices, {});
  const isFiltered = ["q", "script", "by", "since", "status"].some((name) => search.has(name));
  return (
    <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <Search text={search.get("q") ?? ""} change={(q) => change({ q }, true)} />
      <select aria-label="Script" value={search.get("script") ?? ""} onChange={({ target }) => change({ script: target.value })}>
        <option value="">All scripts</option>
        {answer?.scripts.map(({ name }) => <option key={name}>{name}</option>)}
      </select>
      <select aria-label="Started by" value={search.get("by") ?? ""} onChange={({ target }) => change({ by: target.value })}>
        <option value="">Everybody’s</option>
        <option value="me">Mine</option>
      </select>
      <select aria-label="Started" value={search.get("since") ?? ""} onChange={({ target }) => change({ since: target.value })}>
        <option value="">At any time</option>
        {Object.entries(SPANS).map(([value, { name }]) => <option key={value} value={value}>In {name}</option>)}
      </select>
      {isFiltered && (
        <button type="button" className="quiet" onClick={() => change({ q: null, script: null, by: null, since: null, status: null })}>
          <Icon name="cross" />Clear
        </button>
      )}
    </form>
  );
}

/** `/` leads here from anywhere on the page. */
function Search({ text, change }: { text: string; change(text: string): void }) {
  const [typed, setTyped] = useState(text);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => setTyped(text), [text]);
  useEffect(() => {
    if (typed === text) return;
    const timer = setTimeout(() => change(typed), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => {
    const jump = (event: KeyboardEvent) => {
      if (event.key !== "/" || (event.target as HTMLElement).closest("input, textarea, select")) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", jump);
    return () => removeEventListener("keydown", jump);
  }, []);
  return (
    <span className="search">
      <Icon name="search" />
      <input
        ref={field} type="search" aria-label="Search" aria-keyshortcuts="/" placeholder="Script, person, parameter, id…  ( / )"
        value={typed} onChange={({ target }) => setTyped(target.value)}
      />
    </span>
  );
}

type Count = { status: Status; count: number };

/** How many there are in each status; each is also a filter. */
export function Counts({ counts }: { counts: Count[] }) {
  const [search, change] = useFilter();
  const chosen = statusesIn(search);
  const number = (status: Status) => counts.find((each) => each.status === status)?.count;
  const toggle = (status: Status) => {
    const next = chosen.includes(status) ? chosen.filter((each) => each !== status) : [...chosen, status];
    change({ status: next.join(",").toLowerCase() });
  };
  return (
    <div className="counts" role="group" aria-label="Statuses">
      <button type="button" aria-pressed={!chosen.length} onClick={() => change({ status: null })}>
        All <b>{counts.length ? counts.reduce((sum, each) => sum + each.count, 0).toLocaleString() : "…"}</b>
      </button>
      {STATUSES.map((status) => (
        <button key={status} type="button" className={`status ${status.toLowerCase()}`} aria-pressed={chosen.includes(status)} onClick={() => toggle(status)}>
          <i aria-hidden="true" />{wordOf(status)} <b>{number(status)?.toLocaleString() ?? "…"}</b>
        </button>
      ))}
    </div>
  );
}
