// A screen of lines: as many as fit are drawn, of however many there are.
import { type KeyboardEvent, type ReactNode, type Ref, useCallback, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from "react";
import { barAt, heightOf, isScaled, moved, type Place, placeAt, ROW, type Top } from "./place.ts";

const SPARE = 20; // lines that are drawn above and below
const REST_MS = 150; // without a movement, after which the scroll bar is set right

export type Hold = { go(place: Place): void };

type Shown = {
  count: number;
  /** Whether it stays at the end, whatever comes. */
  follows: boolean;
  setFollows(follows: boolean): void;
  want(from: number, to: number): void;
  row(seq: number): ReactNode;
  hold: Ref<Hold>;
  wraps: boolean;
  children?: ReactNode;
};

export function Screen({ count, follows, setFollows, want, row, hold, wraps, children }: Shown) {
  const box = useRef<HTMLDivElement>(null);
  const whole = useRef<HTMLDivElement>(null);
  const drawn = useRef<HTMLDivElement>(null);
  const tallness = useRef(ROW); // of a line, on average
  const above = useRef<number | null>(null); // pixels above the upper edge, where all lines are drawn and wrapped
  const bar = useRef(0); // where we know the scroll bar to be
  const top = useRef<Top>({ seq: 1, offset: 0 }); // what the last drawing came to
  const [place, setPlace] = useState<Place>("end");
  const height = useHeight(box);

  const go = useCallback((next: Place) => {
    setPlace(next);
    setFollows(next === "end");
    if (box.current) setBar(box.current, bar, barAt(next, count, box.current.clientHeight, tallness.current));
  }, [count, setFollows]);
  useImperativeHandle(hold, () => ({ go }), [go]);
  useEffect(() => {
    if (follows) setPlace("end");
    else setPlace((before) => (before === "end" ? top.current : before));
  }, [follows]);

  const visible = Math.ceil(height / ROW) + 1;
  const upper = place === "end" ? Math.max(1, count - visible + 1) : Math.min(place.seq, Math.max(1, count));
  const [from, to] = [Math.max(1, upper - SPARE), Math.min(count, upper + visible + SPARE)];
  useEffect(() => want(from, to));

  useLayoutEffect(() => {
    if (!drawn.current || !box.current || !whole.current) return;
    tallness.current = wraps && to >= from ? drawn.current.offsetHeight / (to - from + 1) : ROW;
    whole.current.style.height = `${heightOf(count, tallness.current)}px`;
    bar.current = Math.min(bar.current, box.current.scrollHeight - box.current.clientHeight);
    top.current = settle(drawn.current, place, height, from, to === count);
    above.current = wraps && from === 1 && to === count ? aboveIn(drawn.current) : null;
    if (place === "end") setBar(box.current, bar, barAt("end", count, height, tallness.current));
  });

  const tall = (seq: number) => (drawn.current?.children[seq - from] as HTMLElement | undefined)?.offsetHeight ?? ROW;
  const scrolled = () => {
    const [element, before] = [box.current!, bar.current];
    const change = element.scrollTop - before;
    if (!change) return;
    bar.current = element.scrollTop;
    const longest = element.scrollHeight - element.clientHeight;
    const isFar = above.current === null && Math.abs(change) > 2 * height;
    let next: Place = isFar ? placeAt(bar.current / longest, count, height, tallness.current) : moved(top.current, change, count, tall);
    if (change > 0 && isAtEnd(drawn.current!, height, to === count, isFar ? 0 : change)) next = "end";
    setPlace(next);
    setFollows(next === "end");
  };
  useRest(place, wraps, () => {
    if (box.current && (wraps || isScaled(count, ROW))) setBar(box.current, bar, above.current ?? barAt(place, count, height, tallness.current));
  });

  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    go(event.key === "End" ? "end" : { seq: 1, offset: 0 });
  };
  return (
    <div ref={box} className={wraps ? "screen wraps" : "screen"} role="log" aria-live="off" aria-label="Output" tabIndex={0} onScroll={scrolled} onKeyDown={pressed}>
      <div ref={whole} className="whole">
        <div className="window" style={{ height }}>
          <div ref={drawn} className="drawn">{Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => row(from + index))}</div>
        </div>
      </div>
      {children}
    </div>
  );
}

/** Moves what is drawn to where it belongs; answers which line is at the upper edge then, and how much of it is above. */
function settle(drawn: HTMLElement, place: Place, height: number, from: number, hasLast: boolean): Top {
  const rows = drawn.children as HTMLCollectionOf<HTMLElement>;
  const edge = drawn.offsetHeight - height; // where the last line stands at the lower edge
  const anchor = place === "end" ? undefined : rows[place.seq - from];
  let above = anchor && place !== "end" ? anchor.offsetTop + place.offset : edge;
  if (hasLast) above = Math.min(above, edge);
  above = Math.max(0, above);
  drawn.style.transform = `translateY(${-above}px)`;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index]!;
    if (row.offsetTop + row.offsetHeight > above) return { seq: from + index, offset: above - row.offsetTop };
  }
  return { seq: from, offset: 0 };
}

const aboveIn = (drawn: HTMLElement) => -new DOMMatrix(drawn.style.transform).m42;

/** Whether the last line is in sight once all has moved up so far. */
function isAtEnd(drawn: HTMLElement, height: number, hasLast: boolean, change: number): boolean {
  return hasLast && drawn.offsetHeight - aboveIn(drawn) - change <= height + 1;
}

function setBar(box: HTMLElement, known: { current: number }, to: number) {
  if (Math.abs(box.scrollTop - to) < 1) return;
  box.scrollTop = to;
  known.current = box.scrollTop;
}

function useHeight(box: { current: HTMLElement | null }): number {
  const [height, setHeight] = useState(0);
  useLayoutEffect(() => {
    const watcher = new ResizeObserver(() => setHeight(box.current?.clientHeight ?? 0));
    watcher.observe(box.current!);
    setHeight(box.current!.clientHeight);
    return () => watcher.disconnect();
  }, [box]);
  return height;
}

function useRest(place: Place, wraps: boolean, act: () => void) {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = setTimeout(() => latest.current(), REST_MS);
    return () => clearTimeout(timer);
  }, [place, wraps]);
}
