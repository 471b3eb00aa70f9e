// Which processes are wanted, as the address says.
import type { ListQueryVariables, ProcessFilter, ProcessSort, ProcessSortKey } from "./list.graphql.ts";
import { STATUSES, type Status } from "#parts/status.tsx";

export const SIZES = [20, 50, 100];
export const SPANS: Record<string, { name: string; ms: number }> = {
  "1h": { name: "the last hour", ms: 3_600_000 },
  "24h": { name: "the last 24 hours", ms: 86_400_000 },
  "7d": { name: "the last 7 days", ms: 7 * 86_400_000 },
  "30d": { name: "the last 30 days", ms: 30 * 86_400_000 },
};
export const SORTS: Record<string, ProcessSortKey> = {
  script: "SCRIPT", start: "START_TIME", end: "ENDED_AT", duration: "DURATION",
};
const ROUND_MS = 60_000; // What is asked does not change with each moment.

export type Order = { by: string; isDescending: boolean };

/** The order in the address: `start-desc`, say. */
export function orderIn(search: URLSearchParams): Order {
  const [by = "", way] = (search.get("sort") ?? "").split("-");
  return by in SORTS ? { by, isDescending: way !== "asc" } : { by: "start", isDescending: true };
}

export function statusesIn(search: URLSearchParams): Status[] {
  const named = search.get("status")?.toUpperCase().split(",") ?? [];
  return STATUSES.filter((each) => named.includes(each));
}

export const sizeIn = (search: URLSearchParams) => SIZES.find((each) => String(each) === search.get("size")) ?? SIZES[0]!;

export function wantedIn(search: URLSearchParams, me: string): ListQueryVariables {
  const size = sizeIn(search);
  const [after, before] = [search.get("after"), search.get("before")];
  const page = before ? { last: size, before } : { first: size, after };
  return { ...page, filter: filterIn(search, me), sort: sortIn(search) };
}

function filterIn(search: URLSearchParams, me: string): ProcessFilter {
  const statuses = statusesIn(search);
  const span = SPANS[search.get("since") ?? ""];
  const since = span && new Date(Math.floor((Date.now() - span.ms) / ROUND_MS) * ROUND_MS).toISOString();
  return {
    ...(statuses.length && { statuses }),
    ...(search.get("q") && { text: search.get("q") }),
    ...(search.get("script") && { script: search.get("script") }),
    ...(search.get("by") === "me" && { userId: me }),
    ...(since && { startTime: { start: since } }),
  };
}

function sortIn(search: URLSearchParams): ProcessSort {
  const { by, isDescending } = orderIn(search);
  return { by: SORTS[by]!, direction: isDescending ? "DESC" : "ASC" };
}
