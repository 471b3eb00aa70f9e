// What ran when, on which machine, and how it ended.
import { memo, useMemo } from "react";
import { Icon } from "#parts/icon.tsx";
import { Empty, Loading, Problem } from "#parts/states.tsx";
import { STATUSES, wordOf } from "#parts/status.tsx";
import { duration, useNow } from "#parts/time.tsx";
import { useTitle } from "#parts/title.ts";
import { Link, useSearch } from "../../router.tsx";
import { type Bar, type By, type Group, grouped, useBars } from "./bars.ts";
import "./timeline.css";

const HOUR_MS = 3_600_000;
const SPANS: Record<string, { name: string; hours: number }> = {
  "1h": { name: "1 hour", hours: 1 }, "6h": { name: "6 hours", hours: 6 }, "24h": { name: "24 hours", hours: 24 },
  "3d": { name: "3 days", hours: 72 }, "7d": { name: "7 days", hours: 168 },
};
const ROUND_MS = 60_000; // What is asked changes once a minute.
const TICKS = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * 60_000);
const TICK_PIXELS = 110; // between two of them, at least
const NAME_PIXELS = 85; // of a name beside its tick, at most
const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

type Span = { from: number; to: number };

export function TimelinePage() {
  useTitle("Timeline");
  const [search] = useSearch();
  const now = useNow();
  const { hours } = SPANS[search.get("span") ?? ""] ?? SPANS["24h"]!;
  const until = Date.parse(search.get("until") ?? "") || Math.ceil(now / ROUND_MS) * ROUND_MS;
  const span = { from: until - hours * HOUR_MS, to: until };
  const by: By = search.get("by") === "script" ? "script" : "machine";
  const { found, error, again } = useBars(new Date(span.from).toISOString(), new Date(span.to).toISOString());
  const groups = useMemo(() => grouped(found?.bars ?? [], by), [found, by]);
  return (
    <>
      <div className="title"><h1>Timeline</h1><Tools span={span} now={now} /></div>
      {error && <Problem error={error} retry={again} />}
      {!found && !error && <Loading what="the timeline" />}
      {found && !groups.length && <Empty title="Nothing ran in this time">Look further back, or <Link to="/start">start a script</Link>.</Empty>}
      {groups.length > 0 && <Picture groups={groups} span={span} now={now} by={by} />}
      {found && found.left > 0 && <Left count={found.left} drawn={found.bars.length} hours={hours} />}
      <Legend />
    </>
  );
}

function Tools({ span, now }: { span: Span; now: number }) {
  const [search, change] = useSearch();
  const length = span.to - span.from;
  const move = (to: number) => change({ until: to >= now ? null : new Date(to).toISOString() });
  return (
    <div className="buttons">
      <select aria-label="How much is shown" value={search.get("span") ?? "24h"} onChange={({ target }) => change({ span: target.value })}>
        {Object.entries(SPANS).map(([value, { name }]) => <option key={value} value={value}>{name}</option>)}
      </select>
      <select aria-label="Grouped by" value={search.get("by") ?? "machine"} onChange={({ target }) => change({ by: target.value })}>
        <option value="machine">By machine</option>
        <option value="script">By script</option>
      </select>
      <button type="button" aria-label="Earlier" onClick={() => move(span.to - length / 2)}><Icon name="left" /></button>
      <button type="button" aria-label="Later" disabled={!search.has("until")} onClick={() => move(span.to + length / 2)}><Icon name="right" /></button>
      <button type="button" disabled={!search.has("until")} onClick={() => change({ until: null })}>Now</button>
    </div>
  );
}

/** What is not drawn, and a time of which all may be. */
function Left({ count, drawn, hours }: { count: number; drawn: number; hours: number }) {
  const [, change] = useSearch();
  const [shorter, span] = Object.entries(SPANS).findLast(([, each]) => each.hours < hours) ?? [];
  return (
    <p className="left" role="status">
      <Icon name="info" /><span>The {drawn.toLocaleString()} that began last are drawn; {count.toLocaleString()} more ran in this time.</span>
      {span && <button type="button" onClick={() => change({ span: shorter! })}>Look at {span.name}</button>}
    </p>
  );
}

type Drawn = { groups: Group[]; span: Span; now: number; by: By };

function Picture({ groups, span, now, by }: Drawn) {
  const place = (moment: number) => `${Math.min(100, Math.max(0, ((moment - span.from) / (span.to - span.from)) * 100))}%`;
  return (
    <div className="timeline sheet" role="group" aria-label={`Processes by ${by}`}>
      <div className="axis" aria-hidden="true">
        {ticksOf(span).filter((tick) => hasRoom(tick, span)).map((tick) => <span key={tick} style={{ left: place(tick) }}>{tickName(tick)}</span>)}
      </div>
      {groups.map(({ name, lanes }) => (
        <section key={name} aria-label={name}>
          <h2>{name} <span className="faint">{lanes.flat().length}</span></h2>
          <div className="lanes">
            {ticksOf(span).map((tick) => <i key={tick} className="tick" style={{ left: place(tick) }} />)}
            {now <= span.to && <i className="now" style={{ left: place(now) }} />}
            {lanes.map((lane, index) => (
              <div key={index} className="lane">
                {lane.map((bar) => <Process key={bar.id} bar={bar} from={place(Date.parse(bar.startTime))} to={place(bar.endedAt ? Date.parse(bar.endedAt) : now)} now={bar.endedAt ? 0 : now} />)}
              </div>
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}

function ticksOf({ from, to }: Span): number[] {
  const step = TICKS.find((each) => (to - from) / each <= innerWidth / TICK_PIXELS) ?? TICKS.at(-1)!;
  const zone = new Date(from).getTimezoneOffset() * 60_000; // so that they stand at whole hours here
  const first = Math.ceil((from - zone) / step) * step + zone;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, index) => first + index * step);
}

const hasRoom = (tick: number, { from, to }: Span) => ((to - tick) / (to - from)) * innerWidth >= NAME_PIXELS;

function tickName(tick: number): string {
  const date = new Date(tick);
  return date.getHours() + date.getMinutes() ? HOUR.format(date) : DAY.format(date);
}

/** Only what runs still is drawn anew each second. */
const Process = memo(function Process({ bar, from, to, now }: { bar: Bar; from: string; to: string; now: number }) {
  const { id, scriptName, user, status, startTime, endedAt } = bar;
  const took = duration((endedAt ? Date.parse(endedAt) : now) - Date.parse(startTime));
  const said = `${scriptName} of ${user.name}: ${wordOf(status)}, ${endedAt ? "took" : "for"} ${took}`;
  return (
    <Link
      to={`/processes/${id}`} className={`bar ${status.toLowerCase()}`} aria-label={said} title={`${said}\n${new Date(startTime).toLocaleString()}`}
      style={{ left: from, width: `calc(${to} - ${from})` }}
    ><span>{scriptName}</span></Link>
  );
});

function Legend() {
  return (
    <ul className="legend" aria-label="Colours">
      {STATUSES.filter((each) => each !== "SCHEDULED").map((status) => <li key={status}><i className={`bar ${status.toLowerCase()}`} />{wordOf(status)}</li>)}
    </ul>
  );
}
