import { copy } from "#parts/clipboard.ts";
import { Icon } from "#parts/icon.tsx";
import { Time, Took } from "#parts/time.tsx";
import type { OneFragment } from "./process.graphql.ts";

const LONG = 200; // characters of a value that may have to be scrolled

export function Facts({ process }: { process: OneFragment }) {
  const { id, user, createdAt, startTime, endedAt, exitCode, worker, status } = process;
  return (
    <>
      <section className="sheet" aria-labelledby="facts">
        <h2 id="facts">About</h2>
        <dl>
          <dt>Started by</dt><dd>{user.name}</dd>
          <dt>Accepted</dt><dd><Time at={createdAt} long /></dd>
          <dt>{status === "SCHEDULED" ? "Due" : "Started"}</dt><dd><Time at={startTime} long /></dd>
          {endedAt && <><dt>Ended</dt><dd><Time at={endedAt} long /></dd></>}
          <dt>{endedAt ? "Took" : "Since"}</dt><dd><Took of={process} /></dd>
          {exitCode !== null && <><dt>Exit code</dt><dd className="number">{exitCode}</dd></>}
          {worker && <><dt>Machine</dt><dd>{worker.machine}</dd></>}
          <dt>Id</dt><dd><code className="id">{id}</code> <Copy text={id} what="The id" /></dd>
        </dl>
      </section>
      <Parameters process={process} />
    </>
  );
}

function Copy({ text, what }: { text: string; what: string }) {
  return <button type="button" className="quiet small" aria-label={`Copy: ${what.toLowerCase()}`} onClick={() => copy(text, `${what} is copied.`)}><Icon name="copy" /></button>;
}

function Parameters({ process: { parameters, script } }: { process: OneFragment }) {
  const about = (name: string) => script?.parameters.find((each) => each.name === name);
  return (
    <section className="sheet" aria-labelledby="parameters">
      <h2 id="parameters">Parameters</h2>
      {parameters.length === 0 && <p className="faint">It was given none.</p>}
      <dl>
        {parameters.map(({ name, value }, index) => (
          <div key={index} className="pair">
            <dt title={about(name)?.description}><code>{about(name)?.long ?? name}</code></dt>
            <dd><code className="value" tabIndex={value.length > LONG ? 0 : undefined}>{value}</code></dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
