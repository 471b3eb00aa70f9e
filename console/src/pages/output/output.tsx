// The output of a process, from its end on: live, of any length.
import { type MouseEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { Icon } from "#parts/icon.tsx";
import { Problem } from "#parts/states.tsx";
import { tell, tellProblem } from "#parts/toast.tsx";
import { copy } from "#parts/clipboard.ts";
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
  const { lines, want, unread, ended, followAgain } = useFeed(id, isTimed);
  const find = useFind(id);
  const hold = useRef<Hold>(null);
  const litIn = useMemo(() => litBy(find.sought, find.found.matches), [find.sought, find.found.matches]);
  const led = useRef(""); // the address to which was led already, or which a click on a number has made: that line is in sight
  const jump = (seq: number) => hold.current?.go({ seq: Math.max(1, seq - ABOVE), offset: 0 });
  useEffect(() => {
    if (marked && !lines.count) return;
    if (marked && location.hash !== led.current) jump(marked.from);
    led.current = location.hash;
  }, [marked?.from, lines.count > 0]);
  const choose = (seq: number) => {
    mark(seq);
    jump(seq);
  };
  const click = (event: MouseEvent) => {
    if (!markClicked(event, marked)) return;
    led.current = location.hash;
    setFollows(false);
  };

  const row = (seq: number) => {
    const line = lines.get(seq);
    return <Row key={seq} seq={seq} text={line?.text} pen={lines.penOf(seq)} time={line?.time} isTimed={isTimed} isMarked={isIn(marked, seq)} sought={litIn(seq)} />;
  };
  return (
    <section className="output" aria-label="Output of the process">
      <div className="tools">
        <SearchForm begin={find.begin} />
        <Toggle isOn={follows} change={(on) => (on ? hold.current?.go("end") : setFollows(false))} icon="down">Follow</Toggle>
        <Toggle isOn={isTimed} change={setTimed} icon="clock">Times</Toggle>
        <Toggle isOn={wraps} change={setWraps} icon="list">Wrap</Toggle>
        <button type="button" onClick={() => void copyLines(id, marked, lines.count)}><Icon name="copy" />{marked ? "Copy marked" : "Copy"}</button>
        <button type="button" onClick={() => download(id).catch(tellProblem)}><Icon name="download" />Download</button>
      </div>
      {unread && <Problem error={unread} />}
      {ended && <Problem error={ended} retry={followAgain} words="Follow again" />}
      <div className="body" onClick={click}>
        <Screen count={lines.count} follows={follows} setFollows={setFollows} want={want} row={row} hold={hold} wraps={wraps}>
          {lines.count === 0 && <p className="nothing">{lines.isComplete ? "It printed nothing." : "No output yet. Lines appear here as they are printed."}</p>}
        </Screen>
        {find.sought && <Finds found={find.found} at={marked?.from ?? null} choose={choose} more={find.more} close={() => find.begin(null)} />}
      </div>
      <p className="sum" role="status">
        {lines.count.toLocaleString()} {lines.count === 1 ? "line" : "lines"}{lines.isComplete ? ", complete" : follows && !ended ? ", following" : ""}
      </p>
    </section>
  );
}

const isIn = (marked: Mark | null, seq: number) => marked !== null && seq >= marked.from && seq <= marked.to;

/** A click on a number marks its line; with Shift, all from the one marked before. Answers whether it was one. */
function markClicked(event: MouseEvent, marked: Mark | null): boolean {
  const seq = Number((event.target as HTMLElement).dataset.line);
  if (!seq || event.metaKey || event.ctrlKey) return false;
  event.preventDefault();
  if (event.shiftKey && marked) mark(Math.min(marked.from, seq), Math.max(marked.from, seq));
  else mark(seq);
  return true;
}

async function copyLines(id: string, marked: Mark | null, count: number) {
  const { from, to } = marked ?? { from: 1, to: count };
  if (to - from >= MOST_COPIED) {
    tell(`These are more than ${MOST_COPIED.toLocaleString()} lines: download them, or mark some by clicking on numbers, the last with Shift.`, true);
    return;
  }
  try {
    const found = await readText(id, from, to);
    if (!found.length) return tell("There are no such lines to copy.", true);
    await copy(found.join("\n"), found.length === 1 ? `Line ${from} is copied.` : `${found.length.toLocaleString()} lines are copied.`);
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
