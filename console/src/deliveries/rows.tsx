// What the viewer asked for, and what became of it.
import { ask } from "#api/endpoint.ts";
import { Time } from "#parts/time.tsx";
import { tell, tellProblem } from "#parts/toast.tsx";
import { Forget, type RowFragment } from "./deliveries.graphql.ts";

type Shown = { isOver: boolean; reload(): void };

export function Rows({ rows, ...shown }: Shown & { rows: RowFragment[] }) {
  if (!rows.length) return <p className="faint">You are told of this process nowhere else.</p>;
  return <ul className="deliveries">{rows.map((row) => <Row key={row.id} row={row} {...shown} />)}</ul>;
}

const wayOf = ({ channel, host }: RowFragment) => (channel === "EMAIL" ? "By e-mail" : `By a webhook at ${host}`);

function Row({ row, isOver, reload }: Shown & { row: RowFragment }) {
  const { id, occasion, attempts, log } = row;
  const reason = log.at(-1)?.error;
  const remove = () => ask(Forget, { id }).then(() => tell("You are not told any more."), tellProblem).finally(reload);
  return (
    <li>
      <div>
        <b><bdi>{wayOf(row)}</bdi></b>{occasion === "FAILED" && ", only of a failure"}
        <p><State row={row} isOver={isOver} />{attempts > 0 && <span className="faint"> {attempts === 1 ? "1 attempt" : `${attempts} attempts`}</span>}</p>
        {reason && <p className="faint"><bdi>{reason}</bdi></p>}
      </div>
      <button type="button" className="small" aria-label={`Take back: ${wayOf(row)}`} onClick={remove}>Take back</button>
    </li>
  );
}

const WORDS = { DELIVERED: "Delivered", FAILED: "Not delivered, and not tried again", SKIPPED: "Not needed, for it did not fail" };

function State({ row: { state, attempts, nextAttemptAt }, isOver }: { row: RowFragment; isOver: boolean }) {
  if (state !== "PENDING") return <span className={state.toLowerCase()}>{WORDS[state]}</span>;
  if (!isOver) return "Waits for the end";
  return attempts && nextAttemptAt ? <>Tried again at <Time at={nextAttemptAt} /></> : "On its way";
}
