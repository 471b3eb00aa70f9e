// The output of a process, from its end on: live, of any length.
import { type MouseEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { Icon } from "#parts/icon.tsx";
import { Problem } from "#parts/states.tsx";
import { tell, tellProblem } from "#parts/toast.tsx";
import { download, MOST_COPIED, readText } from "./copy.ts";
import { useFeed } from "./feed.ts";
import { type Mark, mark, useMark } from "./mark.ts";
import "./output.css";
import { Row } from "./row.tsx";
import { type Hold, Screen } from "./screen.tsx";
import { Finds, litBy, SearchForm, useFind } from "./search.tsx";

const ABOVE = 5; // lines that are shown before one that is sought

export function Output({ id }: { id: string }) {
  const marked = useMark();
  const [follows, setFollows] = useState(marked === null);
  const [isTimed, setTimed] = useSetting("times", false);
  const [wraps, setWraps] = useSetting("wrap", false);
  const { lines, want, problem } = useFeed(id, isTimed);
  const find = useFind(id);
  const hold = useRef<Hold>(null);
  const lit = useMemo(() => litBy(find.sought), [find.sought]);
  useEffect(() => {
    if (marked && lines.count) hold.current?.go({ seq: Math.max(1, marked.from - ABOVE), offset: 0 });
  }, [marked?.from, lines.count > 0]);

  const row = (seq: number) => {
    const line = lines.get(seq);
    return <Row key={seq} seq={seq} text={line?.text} pen={lines.penOf(seq)} time={line?.time} isTimed={isTimed} isMarked={isIn(marked, seq)} sought={lit} />;
  };
  return (
    <section className="output" aria-label="Output of the process">
      <div className="tools">
        <SearchForm begin={find.begin} isBusy={find.found.isBusy} />
        <Toggle isOn={follows} change={(on) => (on ? hold.current?.go("end") : setFollows(false))} icon="down">Follow</Toggle>
        <Toggle isOn={isTimed} change={setTimed} icon="clock">Times</Toggle>
        <Toggle isOn={wraps} change={setWraps} icon="list">Wrap</Toggle>
        <button type="button" onClick={() => void copy(id, marked, lines.count)}><Icon name="copy" />{marked ? "Copy marked" : "Copy"}</button>
        <button type="button" onClick={() => download(id).catch(tellProblem)}><Icon name="download" />Download</button>
      </div>
      {problem && <Problem error={problem} />}
      <div className="body" onClick={markClicked(marked)}>
        <Screen count={lines.count} follows={follows} setFollows={setFollows} want={want} row={row} hold={hold} wraps={wraps}>
          {lines.count === 0 && <p className="nothing">{lines.isComplete ? "It printed nothing." : "No output yet. Lines appear here as they are printed."}</p>}
        </Screen>
        {find.sought && <Finds found={find.found} at={marked?.from ?? null} choose={mark} more={find.more} close={() => find.begin(null)} />}
      </div>
      <p className="sum" role="status">
        {lines.count.toLocaleString()} {lines.count === 1 ? "line" : "lines"}{lines.isComplete ? ", complete" : follows ? ", following" : ""}
      </p>
    </section>
  );
}

const isIn = (marked: Mark | null, seq: number) => marked !== null && seq >= marked.from && seq <= marked.to;

/** A click on a number marks its line; with Shift, all from the one marked before. */
function markClicked(marked: Mark | null) {
  return (event: MouseEvent) => {
    const seq = Number((event.target as HTMLElement).dataset.line);
    if (!seq || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    if (event.shiftKey && marked) mark(Math.min(marked.from, seq), Math.max(marked.from, seq));
    else mark(seq);
  };
}

async function copy(id: string, marked: Mark | null, count: number) {
  const { from, to } = marked ?? { from: 1, to: count };
  if (to - from >= MOST_COPIED) {
    tell(`These are more than ${MOST_COPIED.toLocaleString()} lines: download them, or mark some by clicking on numbers, the last with Shift.`, true);
    return;
  }
  try {
    await navigator.clipboard.writeText(await readText(id, from, to));
    tell(from === to ? `Line ${from} is copied.` : `${(to - from + 1).toLocaleString()} lines are copied.`);
  } catch (error) {
    tellProblem(error);
  }
}

type Switch = { isOn: boolean; change(on: boolean): void; icon: "down" | "clock" | "list"; children: ReactNode };

function Toggle({ isOn, change, icon, children }: Switch) {
  return <button type="button" aria-pressed={isOn} onClick={() => change(!isOn)}><Icon name={icon} />{children}</button>;
}

/** How somebody likes to read, in this browser. */
function useSetting(name: string, otherwise: boolean): [boolean, (on: boolean) => void] {
  const key = `procession.${name}`;
  const [isOn, setOn] = useState(() => (localStorage.getItem(key) ?? String(otherwise)) === "true");
  const change = (on: boolean) => {
    localStorage.setItem(key, String(on));
    setOn(on);
  };
  return [isOn, change];
}
