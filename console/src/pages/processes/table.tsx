import type { ReactNode } from "react";
import type { RowFragment } from "./list.graphql.ts";
import { Icon } from "#parts/icon.tsx";
import { StatusSign } from "#parts/status.tsx";
import { Time, Took } from "#parts/time.tsx";
import { Link, useSearch } from "../../router.tsx";
import { orderIn } from "./wanted.ts";

type Choice = { chosen: ReadonlySet<string>; choose(chosen: ReadonlySet<string>): void };

export function Table({ rows, chosen, choose, isLoading }: Choice & { rows: RowFragment[]; isLoading: boolean }) {
  const all = rows.every(({ id }) => chosen.has(id));
  const toggle = (id: string) => choose(chosen.has(id) ? new Set([...chosen].filter((each) => each !== id)) : new Set([...chosen, id]));
  return (
    <table className="processes" aria-busy={isLoading}>
      <thead>
        <tr>
          <th className="tick">
            <input
              type="checkbox" aria-label="Choose all of this page" checked={all}
              onChange={() => choose(new Set(all ? [] : rows.map(({ id }) => id)))}
            />
          </th>
          <th scope="col">Status</th>
          <Sorted by="script">Script</Sorted>
          <th scope="col" className="who">Started by</th>
          <Sorted by="start">Start</Sorted>
          <Sorted by="end" className="end">End</Sorted>
          <Sorted by="duration">Took</Sorted>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => <Row key={row.id} row={row} isChosen={chosen.has(row.id)} toggle={() => toggle(row.id)} />)}
      </tbody>
    </table>
  );
}

function Sorted({ by, className = "", children }: { by: string; className?: string; children: ReactNode }) {
  const [search, change] = useSearch();
  const order = orderIn(search);
  const isThis = order.by === by;
  const way = isThis ? (order.isDescending ? "descending" : "ascending") : "none";
  const next = `${by}-${isThis && order.isDescending ? "asc" : "desc"}`;
  return (
    <th scope="col" aria-sort={way} className={className}>
      <button type="button" className="sort" onClick={() => change({ sort: next, after: null, before: null })}>
        {children}{isThis && <Icon name={order.isDescending ? "down" : "up"} />}
      </button>
    </th>
  );
}

function Row({ row, isChosen, toggle }: { row: RowFragment; isChosen: boolean; toggle(): void }) {
  return (
    <tr className={isChosen ? "chosen" : undefined}>
      <td className="tick"><input type="checkbox" aria-label={`Choose ${row.scriptName} ${row.id.slice(0, 8)}`} checked={isChosen} onChange={toggle} /></td>
      <td><StatusSign of={row} /></td>
      <td className="script">
        <Link to={`/processes/${row.id}`}>{row.scriptName}</Link>
        {row.parametersExcerpt && <code className="given" title={row.parametersExcerpt}>{row.parametersExcerpt}</code>}
        {row.status === "FAILED" && row.reason && <span className="reason">{row.reason}</span>}
      </td>
      <td className="who">{row.user.name}</td>
      <td className="when"><Time at={row.startTime} /></td>
      <td className="when end">{row.endedAt && <Time at={row.endedAt} />}</td>
      <td className="took"><Took of={row} /></td>
    </tr>
  );
}
