import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { subtractChecksum } from "../../shared/event/index.ts";
import type { EventsRow, LedgerRow, ViewRow } from "./compare.ts";

/** The questions verify asks the store. All aggregate in the store; no row stands for a single event. Times: Unix s. */

/** From `from` up to, but without, `to`; optionally only these minutes. */
export type Window = { from: number; to: number; minutes?: readonly number[] };

const toDateTime = (name: string) => `toDateTime({${name}:UInt32}, 'UTC')`;

function within(column: string, window: Window): { sql: string; params: Record<string, unknown> } {
  const range = `${column} >= ${toDateTime("from")} AND ${column} < ${toDateTime("to")}`;
  const params = { from: window.from, to: window.to };
  if (window.minutes === undefined) return { sql: range, params };
  const only = `toStartOfMinute(${column}) IN (SELECT toDateTime(arrayJoin({minutes:Array(UInt32)}), 'UTC'))`;
  return { sql: `${range} AND ${only}`, params: { ...params, minutes: [...window.minutes] } };
}

type Raw = { bucket: number; source: string; event_type: string; events: string; checksum: string };

type Control = { money: string; control: string };
const controlTotals = (row: Control) => ({ money: BigInt(row.money), control: BigInt(row.control) });

const keyAndCount = (row: Raw) => ({
  bucket: row.bucket,
  source: row.source,
  eventType: row.event_type,
  events: Number(row.events),
  checksum: BigInt(row.checksum),
});

export async function readLedger(clickhouse: ClickHouse, window: Window): Promise<LedgerRow[]> {
  const { sql, params } = within("event_minute", window);
  const rows = await clickhouse.query<Raw & { instance: string; unknown: string }>(
    `SELECT instance, toUnixTimestamp(event_minute) AS bucket, source, event_type, events, checksum, unknown
     FROM producer_ledger WHERE ${sql}`,
    { params },
  );
  const counts = rows.map((row) => ({ ...keyAndCount(row), instance: row.instance, unknown: Number(row.unknown) }));
  return [...counts, ...(await readDropped(clickhouse, window))];
}

/** What resolving conflicts has dropped and what has not come back since, as negative counts of its producers. */
async function readDropped(clickhouse: ClickHouse, window: Window): Promise<LedgerRow[]> {
  const { sql, params } = within("event_minute", window);
  const key = "event_id, event_minute, source, event_type";
  const rows = await clickhouse.query<Raw & { instance: string }>(
    `SELECT producer AS instance, toUnixTimestamp(event_minute) AS bucket, source, event_type, count() AS events,
       sum(xxHash64(toString(event_id))) AS checksum
     FROM conflict_resolutions FINAL WHERE producer != '' AND ${sql} AND (${key}) NOT IN (
       SELECT ${key} FROM event_index WHERE event_id IN (SELECT event_id FROM conflict_resolutions))
     GROUP BY instance, event_minute, source, event_type`,
    { params },
  );
  return rows.map((row) => {
    const { events, checksum, ...dropped } = keyAndCount(row);
    return {
      ...dropped,
      events: -events,
      checksum: subtractChecksum(0n, checksum),
      instance: row.instance,
      unknown: 0,
    };
  });
}

/** A number of any type and sign modulo 2^64. */
const modulo = (number: string) => `reinterpretAsUInt64(toInt256(${number}))`;

/** See {@link Tally}: every figure has a weight of its own, so that one cannot stand in for another. */
function controlOf(figures: { bytes: string; late: string; money: string }): string {
  return `toUInt64(${figures.bytes}) * xxHash64('bytes') + toUInt64(${figures.late}) * xxHash64('late') + ${figures.money}`;
}

/** Recomputed from the raw events, never from an aggregate. */
export async function readEvents(clickhouse: ClickHouse, window: Window): Promise<EventsRow[]> {
  const { sql, params } = within("event_time", window);
  const control = controlOf({
    bytes: "sum(size_bytes)",
    late: "countIf(is_late)",
    money: `sum(${modulo("toDecimal128(amount, 4) * 10000")} * xxHash64(toString(currency)))`,
  });
  const rows = await clickhouse.query<Raw & Control & { producer: string }>(
    `SELECT toUnixTimestamp(minute) AS bucket, source, event_type, producer, count() AS events,
       sum(xxHash64(toString(event_id))) AS checksum, toString(sum(toInt256(toDecimal128(amount, 4) * 10000))) AS money,
       ${control} AS control
     FROM (SELECT toStartOfMinute(event_time) AS minute, source, event_type, producer, event_id, amount, currency, size_bytes,
       is_late FROM events WHERE ${sql})
     GROUP BY minute, source, event_type, producer`,
    { params },
  );
  return rows.map((row) => ({ ...keyAndCount(row), producer: row.producer, ...controlTotals(row) }));
}

export function readMinutes(clickhouse: ClickHouse, window: Window): Promise<ViewRow[]> {
  return readView(clickhouse, "events_per_minute", "event_minute", window);
}

export function readHours(clickhouse: ClickHouse, window: { from: number; to: number }): Promise<ViewRow[]> {
  return readView(clickhouse, "events_per_hour", "event_hour", window);
}

async function readView(clickhouse: ClickHouse, view: string, time: string, window: Window): Promise<ViewRow[]> {
  const { sql, params } = within(time, window);
  const weighted = `(currency, amount) -> ${modulo("amount * 10000")} * xxHash64(currency)`;
  const control = controlOf({
    bytes: "size_bytes",
    late: "late_events",
    money: `arraySum(arrayMap(${weighted}, mapKeys(amounts), mapValues(amounts)))`,
  });
  const rows = await clickhouse.query<Raw & Control>(
    `SELECT toUnixTimestamp(${time}) AS bucket, source, event_type, events, checksum,
       toString(toInt256(arraySum(mapValues(amounts)) * 10000)) AS money, ${control} AS control
     FROM ${view} WHERE ${sql}`,
    { params },
  );
  return rows.map((row) => ({ ...keyAndCount(row), ...controlTotals(row) }));
}

export type InstanceRow = {
  instance: string;
  state: string;
  startedAtMs: number;
  updatedAtMs: number;
  events: number;
  unknown: number;
  /** Last acknowledged offset by partition, of an instance whose ledger counts messages; see {@link readInstances}. */
  reached: ReadonlyMap<number, number> | undefined;
};

/** The ledgers' own records; of HTTP ingest and files they count messages, not events per minute. */
export async function readInstances(clickhouse: ClickHouse): Promise<InstanceRow[]> {
  const rows = await clickhouse.query<{
    instance: string;
    state: string;
    started: string;
    updated: string;
    events: string;
    unknown: string;
    reached: string;
  }>(
    `SELECT instance, state, toUnixTimestamp64Milli(started_at) AS started, toUnixTimestamp64Milli(updated_at) AS updated, events, unknown, reached FROM producer_instances ORDER BY instance`,
  );
  return rows.map((row) => ({
    instance: row.instance,
    state: row.state,
    startedAtMs: Number(row.started),
    updatedAtMs: Number(row.updated),
    events: Number(row.events),
    unknown: Number(row.unknown),
    reached: row.reached === "" ? undefined : toOffsets(row.reached),
  }));
}

function toOffsets(json: string): ReadonlyMap<number, number> {
  const offsets = JSON.parse(json) as Record<string, number>;
  return new Map(Object.entries(offsets).map(([partition, offset]) => [Number(partition), offset]));
}

/** Sums of each instance's records over all time. */
export async function readInstanceSums(
  clickhouse: ClickHouse,
): Promise<Map<string, { events: number; unknown: number }>> {
  const rows = await clickhouse.query<{ instance: string; sum_events: string; sum_unknown: string }>(
    "SELECT instance, sum(events) AS sum_events, sum(unknown) AS sum_unknown FROM producer_ledger GROUP BY instance",
  );
  return new Map(
    rows.map((row) => [row.instance, { events: Number(row.sum_events), unknown: Number(row.sum_unknown) }]),
  );
}

/** Starts of the UTC days (Unix s, ascending) of which any side knows something. */
export async function readDays(clickhouse: ClickHouse, window: Window): Promise<number[]> {
  const days = (table: string, time: string) =>
    `SELECT DISTINCT toUInt32(toUnixTimestamp(toStartOfDay(${time}))) AS day FROM ${table} WHERE ${within(time, window).sql}`;
  const rows = await clickhouse.query<{ day: number }>(
    `SELECT DISTINCT day FROM (
       ${days("events_raw", "event_time")} UNION ALL ${days("ledger_counts", "event_minute")}
       UNION ALL ${days("events_per_minute", "event_minute")} UNION ALL ${days("events_per_hour", "event_hour")}
     ) ORDER BY day`,
    { params: { from: window.from, to: window.to } },
  );
  return rows.map((row) => row.day);
}

/** Start (Unix s) of the first day whose raw events are all there; the views recompute from there on. */
export async function readRawHorizon(clickhouse: ClickHouse): Promise<number> {
  const rows = await clickhouse.query<{ since: number }>(
    "SELECT toUnixTimestamp(complete_since) AS since FROM raw_horizon",
  );
  return rows[0]?.since ?? 0;
}

/** Minutes beyond the raw retention that were touched after their last recomputation. */
export type StaleMinutes = { minutes: number; firstMs: number };

/**
 * Minutes that left the raw retention dirty: rows arrived that no view shows, and none ever will. Undefined when there is
 * none among those whose marks are still kept, which is a week. @param rawFrom Unix s.
 */
export async function readStaleMinutes(
  clickhouse: ClickHouse,
  window: Window,
  rawFrom: number,
): Promise<StaleMinutes | undefined> {
  const { sql, params } = within("event_minute", { from: window.from, to: Math.min(window.to, rawFrom) });
  const [row] = await clickhouse.query<{ minutes: string; first: number }>(
    `SELECT count() AS minutes, toUnixTimestamp(min(event_minute)) AS first
     FROM (
       SELECT event_minute, sum(rows_marked) AS marked, max(touched_at) AS touched FROM minute_marks
       WHERE ${sql} AND event_minute > now('UTC') - toIntervalDay(
         (SELECT toUInt32(anyIf(value, name = 'raw_retention_days')) + 6 FROM pipeline_settings FINAL))
       GROUP BY event_minute
     ) AS marks
     LEFT JOIN (
       SELECT event_minute, max(rows_marked) AS recorded, max(computed_at) AS computed FROM events_per_minute_store
       WHERE source = '' AND event_type = '' GROUP BY event_minute
     ) AS heads USING (event_minute)
     WHERE marked != recorded OR touched > computed - INTERVAL 1 SECOND`,
    { params },
  );
  const minutes = Number(row?.minutes ?? 0);
  return minutes === 0 ? undefined : { minutes, firstMs: (row?.first ?? 0) * 1000 };
}

export type Context = {
  received: number;
  duplicates: number;
  redelivered: number;
  conflicts: { eventId: string; keys: number }[];
  conflictedIds: number;
  deadLetters: { errorClass: string; letters: number }[];
};

/** Duplicates and redeliveries of the window; dead letters and conflicts of all time. */
export async function readContext(clickhouse: ClickHouse, topic: string, window: Window): Promise<Context> {
  const { sql, params } = within("event_minute", window);
  const [duplicates, letters, conflicts, conflictCount] = await Promise.all([
    clickhouse.query<{ received: string; duplicates: string; redelivered: string }>(
      `SELECT sum(d.received) AS received, sum(d.duplicates) AS duplicates, sum(d.redelivered) AS redelivered
       FROM (SELECT received, duplicates, redelivered FROM duplicates_per_minute WHERE ${sql}) AS d`,
      { params },
    ),
    clickhouse.query<{ error_class: string; letters: string }>(
      "SELECT error_class, count() AS letters FROM dead_letters WHERE topic = {topic:String} GROUP BY error_class ORDER BY error_class",
      { params: { topic } },
    ),
    clickhouse.query<{ event_id: string; keys: string }>(
      "SELECT event_id, count() AS keys FROM conflicts GROUP BY event_id ORDER BY event_id LIMIT 20",
    ),
    clickhouse.query<{ ids: string }>("SELECT uniqExact(event_id) AS ids FROM conflicts"),
  ]);
  return {
    received: Number(duplicates[0]?.received ?? 0),
    duplicates: Number(duplicates[0]?.duplicates ?? 0),
    redelivered: Number(duplicates[0]?.redelivered ?? 0),
    deadLetters: letters.map((row) => ({ errorClass: row.error_class, letters: Number(row.letters) })),
    conflicts: conflicts.map((row) => ({ eventId: row.event_id, keys: Number(row.keys) })),
    conflictedIds: Number(conflictCount[0]?.ids ?? 0),
  };
}
