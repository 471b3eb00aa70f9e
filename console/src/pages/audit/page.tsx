// Who did what.
import type { FormEvent } from "react";
import { useAnswer } from "#api/answer.ts";
import { Icon } from "#parts/icon.tsx";
import { Empty, Loading, Problem } from "#parts/states.tsx";
import { Time } from "#parts/time.tsx";
import { useTitle } from "#parts/title.ts";
import { Link, useSearch } from "../../router.tsx";
import "./audit.css";
import { Audit, type AuditQuery } from "./audit.graphql.ts";

const FILTERS = { actor: "Who", action: "What, as process.start", target: "To what: an id or a name", result: "Result, as OK" };
const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

type Entry = AuditQuery["audit"]["nodes"][number];

export function AuditPage() {
  useTitle("Audit");
  const [search, change] = useSearch();
  const filter = Object.fromEntries(Object.keys(FILTERS).flatMap((name) => (search.get(name) ? [[name, search.get(name)]] : [])));
  const { answer, error, reload } = useAnswer(Audit, { after: search.get("after"), filter });
  const found = answer?.audit;
  return (
    <>
      <div className="title"><h1>Audit</h1></div>
      <Filters key={JSON.stringify(filter)} />
      {error && <Problem error={error} retry={reload} />}
      {!found && !error && <Loading what="the audit" />}
      {found && !found.nodes.length && <Empty title="No entry fits">Take back one of the filters above.</Empty>}
      {found && found.nodes.length > 0 && <Table entries={found.nodes} />}
      {found && (
        <nav className="pager" aria-label="Pages of the audit">
          <button type="button" disabled={!search.has("after")} onClick={() => change({ after: null })}>Newest</button>
          <button type="button" disabled={!found.pageInfo.hasNextPage} onClick={() => change({ after: found.pageInfo.endCursor })}>Older<Icon name="right" /></button>
        </nav>
      )}
    </>
  );
}

function Filters() {
  const [search, change] = useSearch();
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    change({ after: null, ...Object.fromEntries(Object.keys(FILTERS).map((name) => [name, String(form.get(name)).trim()])) });
  };
  return (
    <form className="filters" role="search" onSubmit={send}>
      {Object.entries(FILTERS).map(([name, words]) => <input key={name} name={name} aria-label={words} placeholder={words} defaultValue={search.get(name) ?? ""} spellCheck={false} autoCapitalize="off" />)}
      <button type="submit"><Icon name="search" />Find</button>
    </form>
  );
}

function Table({ entries }: { entries: Entry[] }) {
  return (
    <div className="scrolls" tabIndex={0} role="region" aria-label="Entries">
      <table className="audit">
        <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">To what</th><th scope="col">Result</th><th scope="col">Details</th></tr></thead>
        <tbody>
          {entries.map((entry, index) => (
            <tr key={index}>
              <td className="when"><Time at={entry.at} /></td>
              <td>{entry.actor ?? <span className="faint">not signed in</span>} <span className="faint">{entry.address}</span></td>
              <td><code>{entry.action}</code></td>
              <td><Target entry={entry} /></td>
              <td>{entry.result === "OK" ? "OK" : <span className="status failed"><Icon name="alert" />{entry.result}</span>}</td>
              <td><code className="faint">{entry.details ? JSON.stringify(entry.details) : ""}</code></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Target({ entry: { action, target } }: { entry: Entry }) {
  if (!target) return null;
  const isProcess = ID.test(target) && /^(process|output|file)\./.test(action);
  return isProcess ? <Link to={`/processes/${target}`}><code>{target.slice(0, 8)}</code></Link> : <code>{ID.test(target) ? target.slice(0, 8) : target}</code>;
}
