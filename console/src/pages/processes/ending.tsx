// Stopping and deleting some processes at once.
import { useState } from "react";
import { ask } from "#api/endpoint.ts";
import type { RowFragment } from "./list.graphql.ts";
import { Delete, Stop } from "./list.graphql.ts";
import { Confirm } from "#parts/confirm.tsx";
import { Icon } from "#parts/icon.tsx";
import { hasEnded } from "#parts/status.tsx";
import { tell } from "#parts/toast.tsx";

const SHOWN = 5; // names in the question

type Chosen = { rows: RowFragment[]; clear(): void; done(): void };

export function Bulk({ rows, clear, done }: Chosen) {
  const [asked, setAsked] = useState<"stop" | "delete" | null>(null);
  const running = rows.filter(({ status }) => !hasEnded(status));
  const act = async (which: RowFragment[], word: string, one: (id: string) => Promise<unknown>) => {
    await each(which, word, one);
    tell(`${count(which.length)} ${word}.`);
    clear();
    done();
  };
  return (
    <div className="bulk" role="region" aria-label="Chosen processes">
      <span>{rows.length} chosen</span>
      <button type="button" disabled={!running.length} onClick={() => setAsked("stop")}>
        <Icon name="stop" />Stop {running.length || ""}
      </button>
      <button type="button" className="danger" onClick={() => setAsked("delete")}><Icon name="trash" />Delete {rows.length}</button>
      <button type="button" className="quiet" onClick={clear}>Choose none</button>
      <Confirm
        title={`Stop ${count(running.length)}?`} act="Stop" isOpen={asked === "stop"} close={() => setAsked(null)}
        go={() => act(running, "asked to stop", (id) => ask(Stop, { id }))}
      >
        <Names rows={running} />
        <p>Each is asked to end, and made to if it does not. What they wrote stays.</p>
      </Confirm>
      <Confirm
        title={`Delete ${count(rows.length)}?`} act="Delete" isOpen={asked === "delete"} close={() => setAsked(null)}
        go={() => act(rows, "deleted", (id) => ask(Delete, { id }))}
      >
        <Names rows={rows} />
        <p>Output and files are removed for good{running.length > 0 && `; ${count(running.length)} that have not ended are stopped first`}.</p>
      </Confirm>
    </div>
  );
}

const count = (number: number) => (number === 1 ? "1 process" : `${number} processes`);

function Names({ rows }: { rows: RowFragment[] }) {
  return (
    <ul>
      {rows.slice(0, SHOWN).map(({ id, scriptName, user }) => <li key={id}><b>{scriptName}</b> of {user.name} <code>{id.slice(0, 8)}</code></li>)}
      {rows.length > SHOWN && <li>and {rows.length - SHOWN} more</li>}
    </ul>
  );
}

/** All of them, whatever comes of one. Throws what was said of those that could not be. */
async function each(rows: RowFragment[], word: string, act: (id: string) => Promise<unknown>) {
  const done = await Promise.allSettled(rows.map(({ id }) => act(id)));
  const failed = done.filter((result): result is PromiseRejectedResult => result.status === "rejected");
  if (!failed.length) return;
  const reasons = [...new Set(failed.map(({ reason }) => (reason as Error).message))];
  throw new Error(`${failed.length} of ${rows.length} could not be ${word}: ${reasons.join("; ")}`);
}
