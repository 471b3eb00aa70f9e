// The list of processes: live, filtered, sorted, by pages.
import { useState } from "react";
import { useAnswer } from "#api/answer.ts";
import { List, type RowFragment } from "./list.graphql.ts";
import { Icon } from "#parts/icon.tsx";
import { Empty, Loading, Problem } from "#parts/states.tsx";
import { useTitle } from "#parts/title.ts";
import { Link, useSearch } from "../../router.tsx";
import { useViewer } from "../../session.ts";
import { Bulk } from "./ending.tsx";
import { Counts, Filters } from "./filters.tsx";
import { useLive } from "./live.ts";
import "./list.css";
import { Pager } from "./pager.tsx";
import { Table } from "./table.tsx";
import { wantedIn } from "./wanted.ts";

export function ListPage() {
  useTitle("Processes");
  const [search] = useSearch();
  const { id: me } = useViewer();
  const text = search.toString();
  const list = useAnswer(List, wantedIn(search, me));
  const found = list.answer?.processes;
  const live = useLive(list);
  return (
    <>
      <div className="title">
        <h1>Processes</h1>
        <Link to="/start" className="button primary"><Icon name="play" />Start a script</Link>
      </div>
      <Counts counts={found?.statusCounts ?? []} />
      <Filters />
      {list.error && <Problem error={list.error} retry={list.reload} />}
      {live.error && !list.error && <Problem error={live.error} retry={live.again} />}
      {!found && list.isLoading && <Loading what="processes" />}
      {found && (found.nodes.length ? <Rows rows={found.nodes} isLoading={list.isLoading} reload={list.reload} /> : <Nothing isFiltered={text !== ""} />)}
      {found && <Pager page={found.pageInfo} />}
    </>
  );
}

function Rows({ rows, isLoading, reload }: { rows: RowFragment[]; isLoading: boolean; reload(): void }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const shown = rows.filter(({ id }) => chosen.has(id));
  return (
    <>
      {shown.length > 0 && <Bulk rows={shown} clear={() => setChosen(new Set())} done={reload} />}
      <Table rows={rows} chosen={chosen} choose={setChosen} isLoading={isLoading} />
    </>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No process fits">Take back one of the filters above, or search for something else.</Empty>;
  return <Empty title="No processes yet">They appear here as soon as somebody <Link to="/start">starts a script</Link>.</Empty>;
}
