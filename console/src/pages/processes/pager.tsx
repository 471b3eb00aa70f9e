import { Icon } from "#parts/icon.tsx";
import { useSearch } from "../../router.tsx";
import { SIZES, sizeIn } from "./wanted.ts";

type Page = { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };

/** Pages are told by the process at their edge, so that none is skipped while others come and go. */
export function Pager({ page }: { page: Page }) {
  const [search, change] = useSearch();
  return (
    <nav className="pager" aria-label="Pages of the list">
      <label>Rows
        <select value={sizeIn(search)} onChange={({ target }) => change({ size: target.value, after: null, before: null })}>
          {SIZES.map((each) => <option key={each}>{each}</option>)}
        </select>
      </label>
      <button type="button" disabled={!search.has("after") && !search.has("before")} onClick={() => change({ before: null, after: null })}>First</button>
      <button type="button" disabled={!page.hasPreviousPage} onClick={() => change({ before: page.startCursor, after: null })}>
        <Icon name="left" />Previous
      </button>
      <button type="button" disabled={!page.hasNextPage} onClick={() => change({ after: page.endCursor, before: null })}>
        Next<Icon name="right" />
      </button>
    </nav>
  );
}
