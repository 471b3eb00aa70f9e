// Searching all of the output, on the server; what is found is listed, and each find leads to its line.
import { type FormEvent, useRef, useState } from "react";
import { ask } from "#api/endpoint.ts";
import { fieldWordsOf } from "#api/operation.ts";
import { Icon } from "#parts/icon.tsx";
import { Find } from "./output.graphql.ts";

export type Sought = { pattern: string; regex: boolean; ignoreCase: boolean };
type Match = { seq: number; text: string };
type Found = { matches: Match[]; searchedTo: number; hasMore: boolean; isBusy: boolean; problem?: string };

const NOTHING: Found = { matches: [], searchedTo: 0, hasMore: false, isBusy: false };

export function useFind(id: string) {
  const [sought, setSought] = useState<Sought | null>(null);
  const [found, setFound] = useState(NOTHING);
  const round = useRef(0);

  const search = async (next: Sought, before: Found) => {
    const mine = ++round.current;
    setFound({ ...before, isBusy: true });
    try {
      const { process } = await ask(Find, { id, ...next, after: before.searchedTo });
      if (mine !== round.current || !process) return;
      const { matches, searchedTo, hasMore } = process.outputSearch;
      const all = [...before.matches, ...matches.map(({ line }) => ({ seq: line.seq, text: line.plainText }))];
      setFound({ matches: all, searchedTo: searchedTo ?? before.searchedTo, hasMore, isBusy: false });
    } catch (error) {
      if (mine === round.current) setFound({ ...before, problem: fieldWordsOf(error) });
    }
  };
  const begin = (next: Sought | null) => {
    setSought(next);
    round.current += 1;
    if (next) void search(next, NOTHING);
    else setFound(NOTHING);
  };
  return { sought, found, begin, more: () => sought && void search(sought, found) };
}

const WHOLE = /.+/g;

/** What is to be lit in each line that is shown. Of a regular expression it is the lines that were found, as a whole: the browser's
 * patterns are others than the server's, and some take it for ever. */
export function litBy(sought: Sought | null, matches: Match[]): (seq: number) => RegExp | null {
  if (!sought) return () => null;
  if (sought.regex) {
    const found = new Set(matches.map(({ seq }) => seq));
    return (seq) => (found.has(seq) ? WHOLE : null);
  }
  const words = new RegExp(sought.pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), sought.ignoreCase ? "gi" : "g");
  return () => words;
}

/** What is sought next takes the place of what is being sought. */
export function SearchForm({ begin }: { begin(sought: Sought | null): void }) {
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const pattern = String(form.get("pattern"));
    begin(pattern ? { pattern, regex: form.has("regex"), ignoreCase: !form.has("case") } : null);
  };
  return (
    <form className="find" role="search" aria-label="In the output" onSubmit={send}>
      <span className="search">
        <Icon name="search" />
        <input name="pattern" type="search" aria-label="Search the output" placeholder="Search all lines" onChange={({ target }) => !target.value && begin(null)} />
      </span>
      <label className="toggle"><input type="checkbox" name="case" />Aa<span className="visually-hidden">Capitals matter</span></label>
      <label className="toggle"><input type="checkbox" name="regex" />.*<span className="visually-hidden">Regular expression</span></label>
      <button type="submit">Find</button>
    </form>
  );
}

type Shown = { found: Found; at: number | null; choose(seq: number): void; more(): void; close(): void };

export function Finds({ found: { matches, searchedTo, hasMore, isBusy, problem }, at, choose, more, close }: Shown) {
  const told = `${matches.length.toLocaleString()} ${matches.length === 1 ? "line" : "lines"}${hasMore ? ` up to line ${searchedTo.toLocaleString()}` : ""}`;
  return (
    <section className="finds" aria-label="Lines found">
      <header>
        <b role="status">{isBusy ? "Searching…" : told}</b>
        <button type="button" className="quiet small" aria-label="Close the search" onClick={close}><Icon name="cross" /></button>
      </header>
      {problem && <p role="alert" className="problem">{problem}</p>}
      <ol>
        {matches.map(({ seq, text }) => (
          <li key={seq}>
            <button type="button" className="quiet" aria-current={seq === at || undefined} onClick={() => choose(seq)}>
              <span className="number">{seq}</span>{text.slice(0, 300)}
            </button>
          </li>
        ))}
      </ol>
      {hasMore && <button type="button" onClick={more} disabled={isBusy}>Search on</button>}
    </section>
  );
}
