import type { Grouping, LiveRow, LiveTotals } from "../data/live.ts";
import type { Overview } from "../data/overview.ts";

/** What the live page was asked for. */
export type LiveQuery = {
  minutes: number;
  by: Grouping;
  source: string | undefined;
  page: number;
};

/** What the live page shows. */
export type LiveModel = {
  query: LiveQuery;
  overview: Overview;
  totals: LiveTotals;
  rows: LiveRow[];
  /** Minutes of one page of the table. */
  pageMinutes: number;
  freshnessLimits: { warn: number; bad: number };
};
