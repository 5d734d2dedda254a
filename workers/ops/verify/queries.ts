import type { ClickHouse } from "../../shared/clickhouse/client.ts";
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
  return rows.map((row) => ({ ...keyAndCount(row), instance: row.instance, unknown: Number(row.unknown) }));
}

/** Recomputed from the raw events, never from an aggregate. */
export async function readEvents(clickhouse: ClickHouse, window: Window): Promise<EventsRow[]> {
  const { sql, params } = within("event_time", window);
  const rows = await clickhouse.query<Raw & { producer: string; money: string }>(
    `SELECT toUnixTimestamp(minute) AS bucket, source, event_type, producer, count() AS events,
       sum(xxHash64(toString(event_id))) AS checksum, toString(sum(toInt256(toDecimal128(amount, 4) * 10000))) AS money
     FROM (SELECT toStartOfMinute(event_time) AS minute, source, event_type, producer, event_id, amount FROM events WHERE ${sql})
     GROUP BY minute, source, event_type, producer`,
    { params },
  );
  return rows.map((row) => ({ ...keyAndCount(row), producer: row.producer, money: BigInt(row.money) }));
}

export function readMinutes(clickhouse: ClickHouse, window: Window): Promise<ViewRow[]> {
  return readView(clickhouse, "events_per_minute", "event_minute", window);
}

export function readHours(clickhouse: ClickHouse, window: { from: number; to: number }): Promise<ViewRow[]> {
  return readView(clickhouse, "events_per_hour", "event_hour", window);
}

async function readView(clickhouse: ClickHouse, view: string, time: string, window: Window): Promise<ViewRow[]> {
  const { sql, params } = within(time, window);
  const rows = await clickhouse.query<Raw & { money: string }>(
    `SELECT toUnixTimestamp(${time}) AS bucket, source, event_type, events, checksum,
       toString(toInt256(arraySum(mapValues(amounts)) * 10000)) AS money
     FROM ${view} WHERE ${sql}`,
    { params },
  );
  return rows.map((row) => ({ ...keyAndCount(row), money: BigInt(row.money) }));
}

export type InstanceRow = {
  instance: string;
  state: string;
  startedAtMs: number;
  updatedAtMs: number;
  events: number;
  unknown: number;
};

export async function readInstances(clickhouse: ClickHouse): Promise<InstanceRow[]> {
  const rows = await clickhouse.query<{
    instance: string;
    state: string;
    started: string;
    updated: string;
    events: string;
    unknown: string;
  }>(
    `SELECT instance, state, toUnixTimestamp64Milli(started_at) AS started, toUnixTimestamp64Milli(updated_at) AS updated, events, unknown FROM producer_instances ORDER BY instance`,
  );
  return rows.map((row) => ({
    instance: row.instance,
    state: row.state,
    startedAtMs: Number(row.started),
    updatedAtMs: Number(row.updated),
    events: Number(row.events),
    unknown: Number(row.unknown),
  }));
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
