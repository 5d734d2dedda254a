import type { QueryParams } from "../../shared/clickhouse/client.ts";
import { EVENTS_RAW_COLUMNS } from "../../shared/clickhouse/tables/events-raw.ts";
import type { Reads } from "./reads.ts";
import type { TimeRange } from "./time-range.ts";

/** Which events; undefined: any. */
export type EventFilter = TimeRange & {
  source?: string | undefined;
  eventType?: string | undefined;
  userId?: string | undefined;
  sessionId?: string | undefined;
  eventId?: string | undefined;
};

/** The last row of a page: the next one starts after it. */
export type EventCursor = { timeMs: number; eventId: string };

/** An event as `events` has it: text as stored, 64-bit numbers and money as decimal text. */
export type StoredEvent = {
  event_id: string;
  event_time: string;
  received_time: string;
  source: string;
  event_type: string;
  user_id: string;
  session_id: string;
  amount: string;
  currency: string;
  payload: string;
  extra: string;
  size_bytes: number;
  latency_ms: string;
  ingest_delay_ms: string;
  is_late: boolean;
  producer: string;
  kafka_partition: number;
  kafka_offset: string;
  kafka_append_time: string;
};

/** Columns whose text comes from outside. */
const FOREIGN_TEXT = new Set([
  "user_id",
  "session_id",
  "payload",
  "extra",
  "producer",
  "event_type",
  "source",
  "currency",
]);

/** What a spreadsheet takes for a formula gets an apostrophe in front; only CSV needs that. */
const defused = (column: string) =>
  FOREIGN_TEXT.has(column)
    ? `if(match(${column}, '^[=+@\\\\t\\\\r-]'), concat('''', ${column}), ${column}) AS ${column}`
    : column;

function where(filter: EventFilter, after?: EventCursor): { sql: string; params: QueryParams } {
  const parts = [
    "event_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')",
    "event_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')",
  ];
  const params: QueryParams = { from: filter.fromMs, to: filter.toMs };
  const add = (condition: string, name: string, value: unknown) => {
    if (value === undefined) return;
    parts.push(condition);
    params[name] = value;
  };
  add("source = {source:String}", "source", filter.source);
  add("event_type = {type:String}", "type", filter.eventType);
  add("user_id = {user:String}", "user", filter.userId);
  add("session_id = {session:String}", "session", filter.sessionId);
  add("event_id = {id:UUID}", "id", filter.eventId);
  if (after !== undefined) {
    parts.push(
      "event_time <= fromUnixTimestamp64Milli({after:Int64}, 'UTC')",
      "(event_time, toString(event_id)) < (fromUnixTimestamp64Milli({after:Int64}, 'UTC'), {afterId:String})",
    );
    Object.assign(params, { after: after.timeMs, afterId: after.eventId });
  }
  return { sql: parts.join(" AND "), params };
}

const ORDER = "ORDER BY event_time DESC, toString(event_id) DESC";

/** How far back to look at first, ms: most pages are full after the newest minutes, at a fraction of the whole's cost. */
const STEPS_MS = [15 * 60_000, 3 * 3_600_000];

/** One page of events, newest first. `next` continues it; undefined on the last page. */
export async function searchEvents(
  reads: Reads,
  filter: EventFilter,
  page: { limit: number; after?: EventCursor | undefined },
): Promise<{ rows: StoredEvent[]; next: EventCursor | undefined }> {
  const newestMs = Math.min(filter.toMs, (page.after?.timeMs ?? filter.toMs) + 1);
  const starts = STEPS_MS.map((step) => newestMs - step).filter((startMs) => startMs > filter.fromMs);
  let rows: StoredEvent[] = [];
  for (const fromMs of [...starts, filter.fromMs]) {
    const { sql, params } = where({ ...filter, fromMs }, page.after);
    rows = await reads.rows<StoredEvent>(
      "events_search",
      `SELECT ${EVENTS_RAW_COLUMNS.join(", ")} FROM events WHERE ${sql} ${ORDER} LIMIT {limit:UInt64}`,
      { ...params, limit: page.limit + 1 },
    );
    if (rows.length > page.limit) break;
  }
  const shown = rows.slice(0, page.limit);
  const last = rows.length > page.limit ? shown[shown.length - 1] : undefined;
  return {
    rows: shown,
    next: last && { timeMs: Date.parse(`${last.event_time.replace(" ", "T")}Z`), eventId: last.event_id },
  };
}

/** The same as a file. */
export function downloadEvents(
  reads: Reads,
  filter: EventFilter,
  options: { format: "csv" | "ndjson"; limit: number },
): AsyncIterable<Uint8Array> {
  const { sql, params } = where(filter);
  const csv = options.format === "csv";
  const columns = csv ? EVENTS_RAW_COLUMNS.map(defused) : EVENTS_RAW_COLUMNS;
  // The inner query filters the columns as they are stored, whatever the outer one makes of them.
  const statement = `SELECT ${columns.join(", ")} FROM (SELECT ${EVENTS_RAW_COLUMNS.join(", ")} FROM events WHERE ${sql} ${ORDER} LIMIT {limit:UInt64})`;
  return reads.download("events_download", statement, {
    format: csv ? "CSVWithNames" : "JSONEachRow",
    params: { ...params, limit: options.limit },
  });
}

/** Everything stored of one event_id. */
export type EventForms = {
  /** As `events` shows it. More than one is a conflict: the same id under several minutes, sources or types. */
  stored: StoredEvent[];
  /** Copies in `events_raw`, in the order of Kafka; merges drop all but the first of each event. */
  raw: StoredEvent[];
  /** Keys under which the id was ever seen, Unix ms of the minute; kept longer than the events. */
  keys: { minuteMs: number; source: string; eventType: string }[];
};

/** Looks an id up at any age: the index knows its minutes, so only these are read. `eventId` is a UUID. */
export async function eventForms(reads: Reads, eventId: string): Promise<EventForms> {
  const index = await reads.rows<{ m: number; source: string; event_type: string }>(
    "event_index",
    `SELECT toUnixTimestamp(event_minute) AS m, source, event_type FROM event_index FINAL
     WHERE event_id = {id:UUID} ORDER BY m, source, event_type`,
    { id: eventId },
  );
  const keys = index.map((row) => ({ minuteMs: row.m * 1000, source: row.source, eventType: row.event_type }));
  if (keys.length === 0) return { stored: [], raw: [], keys };
  const forms = (table: string, order: string) =>
    reads.rows<StoredEvent>(
      `event_${table}`,
      `SELECT ${EVENTS_RAW_COLUMNS.join(", ")} FROM ${table}
       WHERE toStartOfMinute(event_time) IN (SELECT event_minute FROM event_index WHERE event_id = {id:UUID})
         AND event_id = {id:UUID} ORDER BY ${order} LIMIT 1000`,
      { id: eventId },
    );
  const [stored, raw] = await Promise.all([
    forms("events", "event_time, source, event_type"),
    forms("events_raw", "kafka_append_time, kafka_partition, kafka_offset"),
  ]);
  return { stored, raw, keys };
}
