import { quoteText } from "../../shared/clickhouse/quote.ts";

/**
 * The columns of a lake file. Types are those that DuckDB, pyarrow, polars and Athena all read as they are: no unsigned
 * integers, ids as text, times as TIMESTAMP (milliseconds, UTC), money as DECIMAL(18, 4).
 */
const COLUMNS: readonly { name: string; type: string }[] = [
  { name: "event_id", type: "String" },
  { name: "event_time", type: "DateTime64(3, 'UTC')" },
  { name: "received_time", type: "DateTime64(3, 'UTC')" },
  { name: "source", type: "String" },
  { name: "event_type", type: "String" },
  { name: "user_id", type: "String" },
  { name: "session_id", type: "String" },
  { name: "amount", type: "Decimal(18, 4)" },
  { name: "currency", type: "String" },
  { name: "payload", type: "String" },
  { name: "extra", type: "String" },
  { name: "size_bytes", type: "Int64" },
  { name: "latency_ms", type: "Int64" },
  { name: "ingest_delay_ms", type: "Int64" },
  { name: "is_late", type: "Bool" },
  { name: "producer", type: "String" },
  { name: "kafka_partition", type: "Int32" },
  { name: "kafka_offset", type: "Int64" },
  { name: "kafka_append_time", type: "DateTime64(3, 'UTC')" },
];

/**
 * The column that is in the path and not in the file, as the rules of hive partitions have it: pandas, pyarrow and
 * DataFusion refuse a file that has it too. Files from before this rule have it; it is not read from them.
 */
const IN_PATH = "source";

const inFile = COLUMNS.filter(({ name }) => name !== IN_PATH);
const selected = (columns: typeof COLUMNS) =>
  columns.map(({ name, type }) => `CAST(events.${name} AS ${type}) AS ${name}`).join(", ");

/** Select list that gives rows of `events` the types of the lake, for comparing them. */
export const SELECT_LIST = selected(COLUMNS);

/** Select list that turns rows of `events` into rows of a lake file. */
export const FILE_SELECT_LIST = selected(inFile);

/** Structure of a lake file, for reading it: never guessed from the file, so that a wrong file is an error. */
export const STRUCTURE = [...inFile.map(({ name, type }) => `${name} ${type}`), "export_version Int64"].join(", ");

/** {@link STRUCTURE} as the text of an SQL string. */
export const STRUCTURE_TEXT = quoteText(STRUCTURE);

/** A table function that reads files, with the column that is in their paths. */
export const withSource = (files: string): string =>
  `(SELECT *, _path, extract(_path, '/${IN_PATH}=([^/]+)/[^/]+$') AS ${IN_PATH} FROM ${files})`;

/** Whether a reader would take columns from the path is the server's setting; here the path is read by {@link withSource}. */
export const READ_SETTINGS = { use_hive_partitioning: 0 } as const;

/** Aggregates that identify a set of events; equal for `events` and for the files made of it. */
export const FINGERPRINT = [
  "count() AS events",
  "sum(xxHash64(event_id)) AS checksum",
  `sum(cityHash64(${COLUMNS.map(({ name }) => name).join(", ")})) AS content`,
].join(", ");
