// What the script tells of itself: how far it is, what it gave notice of, its values and its summary.
import { lazy, Suspense } from "react";
import { Icon } from "#parts/icon.tsx";
import { percent } from "#parts/status.tsx";
import { Time } from "#parts/time.tsx";
import type { OneFragment } from "./process.graphql.ts";

const Markdown = lazy(async () => ({ default: (await import("./markdown.tsx")).Markdown }));

export function Progress({ process: { progress, status } }: { process: OneFragment }) {
  if (!progress) return null;
  const { done, total, unit, message, fraction } = progress;
  const counts = [done, total].filter((each) => each !== null).map((each) => each.toLocaleString()).join(" of ");
  const isGoing = fraction !== null || status === "RUNNING";
  return (
    <div className="progress">
      {isGoing && <progress aria-label="Progress" max={1} value={fraction ?? undefined} />}
      {fraction !== null && <b>{percent(fraction)}</b>}
      <span><bdi>{[counts, counts && unit].filter(Boolean).join(" ")}</bdi></span>
      <span className="faint"><bdi>{message}</bdi></span>
    </div>
  );
}

export function Told({ process }: { process: OneFragment }) {
  const { summary, notices, noticeCounts, values } = process;
  const all = noticeCounts.notices + noticeCounts.warnings + noticeCounts.errors;
  return (
    <>
      {summary && <section className="sheet" aria-labelledby="summary"><h2 id="summary">Summary</h2><Suspense><Markdown text={summary} /></Suspense></section>}
      {all > 0 && (
        <section className="sheet" aria-labelledby="notices">
          <h2 id="notices">Notices</h2>
          <ul className="notices">{notices.map((each, index) => <Notice key={index} of={each} />)}</ul>
          {all > notices.length && <p className="faint">The first of {all.toLocaleString()}; the others are not kept.</p>}
        </section>
      )}
      {values.length > 0 && (
        <section className="sheet" aria-labelledby="values">
          <h2 id="values">Values</h2>
          <dl>{values.map(({ name, value }) => <div key={name} className="pair"><dt><bdi>{name}</bdi></dt><dd><code className="value"><bdi>{value}</bdi></code></dd></div>)}</dl>
        </section>
      )}
    </>
  );
}

const WORDS = { NOTICE: "Notice", WARNING: "Warning", ERROR: "Error" };

function Notice({ of: { level, message, time } }: { of: OneFragment["notices"][number] }) {
  return (
    <li className={level.toLowerCase()}>
      <Icon name={level === "NOTICE" ? "info" : "alert"} />
      <span><b>{WORDS[level]}</b> <bdi>{message}</bdi> <span className="faint"><Time at={time} /></span></span>
    </li>
  );
}
