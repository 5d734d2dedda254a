import type { Contract, Metric } from "../../contract/contract.ts";
import type { ViewColumnDoc, ViewDoc } from "../../contract/document.ts";
import { TIME_COLUMN } from "../../contract/periods.ts";
import { quoteIdentifier, quoteText } from "../quote.ts";
import { type CoreColumn, coreColumnOf } from "./core-columns.ts";
import { countedIf, isOneOf, sourcesOf } from "./counted-events.ts";

/**
 * The value of the time column of a view of each period, and what the view reads. The store's columns are named with their table
 * throughout: what a contract declares may have the same name. It cannot be called as these names that begin with `_`.
 */
const READING = {
  minute: { time: "_store.event_minute", from: "events_per_minute_store AS _store FINAL" },
  hour: { time: "_store.event_hour", from: "events_per_hour_store AS _store FINAL" },
  day: { time: "toDate(_store.event_hour)", from: "events_per_hour_store AS _store FINAL" },
  // For every hour with events, the 24 hours that end with it.
  rolling_24h: {
    time: "_store.event_hour + INTERVAL _shift + 1 HOUR",
    from: "events_per_hour_store AS _store FINAL\nARRAY JOIN range(24) AS _shift",
  },
} as const;

/** The newest window ends with the current hour. */
const NO_WINDOW_AHEAD = "window_end <= toStartOfHour(now('UTC')) + INTERVAL 1 HOUR";
/** Windows that are to be joined with another array: one SELECT cannot join two of different lengths. */
const WINDOWS = `(
    SELECT event_hour, source, event_type, amounts, arrayJoin(range(24)) AS _shift FROM events_per_hour_store FINAL
) AS _store`;

const TIME = "DateTime('UTC')";
const COUNT = "UInt64";
const SUM = "Decimal(38, 4)";

/** A column of a view; `type` is ClickHouse's. */
export type ViewColumn = { name: string; type: string; comment: string };
type Shown = ViewColumn & { metric: Metric; from: CoreColumn };
type ViewDdl = { columns: readonly ViewColumn[]; sql: string };

/**
 * The columns and DDL of a declared view: one row a bucket, or with `rows` one row a bucket and value of the dimension.
 * @returns undefined when it shows something that the stores do not hold.
 */
export function viewDdl(view: ViewDoc, contract: Contract): ViewDdl | undefined {
  const columns = Object.entries(view.columns).map(([name, column]) => shownBy(name, column, contract));
  const shown = columns.filter((column) => column !== undefined);
  if (shown.length < columns.length) return undefined;
  const rows = Object.entries(view.rows ?? {});
  if (rows.length === 0) return buckets(view, shown);
  const [[name, { comment }] = ["", { comment: "" }], ...more] = rows;
  if (more.length > 0 || shown.some(({ from }) => from !== "amounts")) return undefined;
  return money(view, { name, comment }, shown);
}

function shownBy(name: string, { metric: key, comment }: ViewColumnDoc, contract: Contract): Shown | undefined {
  const metric = contract.metrics.find((each) => each.key === key);
  const from = metric === undefined ? undefined : coreColumnOf(metric, contract);
  if (metric === undefined || from === undefined) return undefined;
  return { name, type: from === "amounts" ? `Map(String, ${SUM})` : COUNT, comment, metric, from };
}

function buckets(view: ViewDoc, shown: readonly Shown[]): ViewDdl {
  const { time, from } = READING[view.period];
  const sources = readSources(shown);
  const columns = [timeColumn(view), ...shown];
  const figures = shown.map((each) => `${aggregate(each, sources)} AS ${quoteIdentifier(each.name)}`);
  const sql = `${created(view, columns)}
SELECT
    ${[`${time} AS ${TIME_COLUMN[view.period]}`, ...figures].join(",\n    ")}
FROM ${from}
WHERE ${isOneOf("_store.source", sources)}
GROUP BY ${time}
HAVING sum(_store.events) > 0${view.period === "rolling_24h" ? ` AND ${NO_WINDOW_AHEAD}` : ""}
${SETTINGS};
`;
  return { columns, sql };
}

/** Uniques are merged, not added: one seen in two hours is one. */
function aggregate({ from, metric }: Shown, sources: readonly string[]): string {
  // All that `login_sessions` holds is of logins.
  const condition = countedIf(from === "login_sessions" ? { ...metric, everyType: true } : metric, sources);
  const call = (name: string) =>
    condition === "" ? `${name}(_store.${from})` : `${name}If(_store.${from}, ${condition})`;
  switch (from) {
    case "events":
      return call("sum");
    case "amounts":
      return call("sumMap");
    default:
      return call("uniqExactMerge");
  }
}

/** Money as rows: one for each currency that moved in the bucket. */
function money(view: ViewDoc, dimension: { name: string; comment: string }, shown: readonly Shown[]): ViewDdl {
  const { time, from } = READING[view.period];
  const sources = readSources(shown);
  const conditions = shown.map(({ metric }) => countedIf(metric, sources));
  const columns = [
    timeColumn(view),
    { ...dimension, type: "String" },
    ...shown.map(({ name, comment }) => ({ name, comment, type: SUM })),
  ];
  const figures = shown.map(({ name }, i) => `sumIf(_money.2, ${conditions[i]}) AS ${quoteIdentifier(name)}`);
  const isRolling = view.period === "rolling_24h";
  const sql = `${created(view, columns)}
SELECT
    ${[`${time} AS ${TIME_COLUMN[view.period]}`, `_money.1 AS ${quoteIdentifier(dimension.name)}`, ...figures].join(",\n    ")}
FROM ${isRolling ? WINDOWS : from}
ARRAY JOIN CAST(_store.amounts, 'Array(Tuple(String, ${SUM}))') AS _money
WHERE ${isOneOf("_store.source", sources)} AND (${[...new Set(conditions)].join(" OR ")})
GROUP BY ${time}, _money.1
${isRolling ? `HAVING ${NO_WINDOW_AHEAD}\n` : ""}${SETTINGS};
`;
  return { columns, sql };
}

const readSources = (shown: readonly Shown[]) => [...new Set(shown.flatMap(({ metric }) => sourcesOf(metric)))];

/** A sum of nothing is zero, and states keep their type, whatever the reader's profile says. */
const SETTINGS = "SETTINGS aggregate_functions_null_for_empty = 0";

const timeColumn = ({ period, comment }: ViewDoc): ViewColumn => ({
  name: TIME_COLUMN[period],
  type: period === "day" ? "Date" : TIME,
  comment,
});

/** The beginning of a view's DDL, with what each of its columns means: one statement a view, since a contract may have hundreds. */
function created({ name }: ViewDoc, columns: readonly ViewColumn[]): string {
  const lines = columns.map(
    (each) => `    ${quoteIdentifier(each.name)} ${each.type} COMMENT ${quoteText(each.comment)}`,
  );
  return `CREATE OR REPLACE VIEW ${quoteIdentifier(name)}
(
${lines.join(",\n")}
)
SQL SECURITY INVOKER AS`;
}
