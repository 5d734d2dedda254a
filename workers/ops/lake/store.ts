import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { readHourStates, readMinuteStates } from "../../shared/clickhouse/minute-states.ts";
import { FILE_SELECT_LIST, FINGERPRINT, SELECT_LIST } from "./columns.ts";
import { parseKey, type Slot } from "./layout.ts";
import type { LakeObject, SqlText } from "./target.ts";

/** What the store says of one hour, from one consistent reading of `events_per_hour_store`. */
export type StoreHour = {
  hourS: number;
  /** Rises with every recomputation of the hour. */
  version: bigint;
  /** Sources that have events. */
  sources: Map<string, { events: number; checksum: string }>;
};

/** What was read out of an object. */
export type FileFacts = {
  hourS: number;
  source: string;
  etag: string;
  version: bigint;
  events: number;
  checksum: string;
  content: string;
  sizeBytes: number;
};

/** Unix seconds, `from` included, `to` not. */
export type Range = { fromS: number; toS: number };

const HOURS_SQL = `
SELECT toUnixTimestamp(event_hour) AS hour_s,
  toString(maxIf(version, source = '')) AS version,
  groupArrayIf((source, toString(events), toString(checksum)), source != '' AND events > 0) AS sources
FROM
(
  SELECT event_hour, source, max(version) AS version, sum(events) AS events, sum(checksum) AS checksum
  FROM events_per_hour_store FINAL
  WHERE event_hour >= {from:UInt32} AND event_hour < {to:UInt32}
  GROUP BY event_hour, source
)
GROUP BY event_hour ORDER BY event_hour`;

/** The hours of a range, oldest first, those without events among them. */
export async function storeHours(clickhouse: ClickHouse, range: Range): Promise<StoreHour[]> {
  const rows = await clickhouse.query<{ hour_s: number; version: string; sources: [string, string, string][] }>(
    HOURS_SQL,
    { params: { from: range.fromS, to: range.toS } },
  );
  return rows.map(({ hour_s, version, sources }) => ({
    hourS: Number(hour_s),
    version: BigInt(version),
    sources: new Map(sources.map(([source, events, checksum]) => [source, { events: Number(events), checksum }])),
  }));
}

/** Days (Unix s) of a range with stored events, whether their hours know of them yet or not. */
export async function touchedDays(clickhouse: ClickHouse, range: Range): Promise<number[]> {
  const rows = await clickhouse.query<{ day_s: number }>(
    `SELECT DISTINCT toUnixTimestamp(toStartOfDay(event_minute)) AS day_s FROM minute_marks
     WHERE event_minute >= {from:UInt32} AND event_minute < {to:UInt32} AND event_minute >= (SELECT complete_since FROM raw_horizon)`,
    { params: { from: range.fromS, to: range.toS } },
  );
  return rows.map(({ day_s }) => Number(day_s));
}

/** Hours (Unix s) whose view, or one of whose minutes, has yet to take in what was stored, or dropped, by now. */
export async function unsettledHours(clickhouse: ClickHouse, { fromS, toS }: Range): Promise<Set<number>> {
  const minutes = await readMinuteStates(clickhouse.query, { from: fromS, to: toS });
  const unsettled = new Set<number>();
  for (const [minute, { clean }] of minutes) if (!clean) unsettled.add(minute - (minute % 3600));
  for (const [hour, { wanted, included }] of await readHourStates(clickhouse.query, { from: fromS, to: toS })) {
    // Without minutes there is nothing to take in.
    if (wanted !== "0" && wanted !== included) unsettled.add(hour);
  }
  return unsettled;
}

/** First second of the days whose raw events are all there. */
export async function completeSince(clickhouse: ClickHouse): Promise<number> {
  const rows = await clickhouse.query<{ s: number }>("SELECT toUnixTimestamp(complete_since) AS s FROM raw_horizon");
  return Number(rows[0]?.s ?? 0);
}

// The day that leaves the retention at midnight is left alone for its last hour: its rows may be dropped at midnight
// sharp, and an hour written from what is left would replace a good file by a poor one.
const GUARD = `
WITH (
  SELECT throwIf(
    {hour:UInt32} < toUnixTimestamp(complete_since)
    OR toDate(toDateTime({hour:UInt32}, 'UTC')) = toDate(complete_since) AND toDate(now('UTC') + 3600) != toDate(now('UTC'))
  ) FROM raw_horizon
) AS past_retention`;

// Bounds are on event_minute: whole seconds like the sorting key, so that no event of the last second is pruned away.
/** The rows of the file of an hour and source. The guard is evaluated by the statement that reads the rows; see {@link isPastRetention}. */
export function selectSlot({ hourS, source }: Slot, version: bigint): SqlText {
  return {
    sql: `${GUARD}
SELECT ${FILE_SELECT_LIST}, CAST({version:UInt64} AS Int64) AS export_version
FROM events
WHERE past_retention = 0 AND events.source = {source:String} AND events.event_minute >= toDateTime({hour:UInt32}, 'UTC') AND events.event_minute < toDateTime({hour:UInt32} + 3600, 'UTC')`,
    params: { hour: hourS, source, version: String(version) },
  };
}

/** How many events of an hour and source the store holds now, whatever its views show. */
export async function countSlot(clickhouse: ClickHouse, { hourS, source }: Slot): Promise<number> {
  const rows = await clickhouse.query<{ n: string }>(
    `SELECT toString(count()) AS n FROM events
WHERE events.source = {source:String} AND events.event_minute >= toDateTime({hour:UInt32}, 'UTC') AND events.event_minute < toDateTime({hour:UInt32} + 3600, 'UTC')`,
    { params: { hour: hourS, source } },
  );
  return Number(rows[0]?.n ?? 0);
}

/** Counts and checksums of the stored events, as {@link FINGERPRINT}. */
export async function storeContent(clickhouse: ClickHouse, range: Range): Promise<ContentRow[]> {
  const rows = await clickhouse.query<{ hour_s: number; source: string; events: string } & Omit<ContentRow, "events">>(
    `SELECT hour_s, source, ${FINGERPRINT}
FROM
(
  SELECT toUnixTimestamp(toStartOfHour(events.event_time)) AS hour_s, ${SELECT_LIST} FROM events
  WHERE events.event_minute >= toDateTime({from:UInt32}, 'UTC') AND events.event_minute < toDateTime({to:UInt32}, 'UTC')
)
GROUP BY hour_s, source`,
    { params: { from: range.fromS, to: range.toS } },
  );
  return rows.map(({ hour_s, events, ...row }) => ({ ...row, hourS: Number(hour_s), events: Number(events) }));
}
export type ContentRow = { hourS: number; source: string; events: number; checksum: string; content: string };

/** The server's clock, Unix ms: records carry its times. */
export async function serverTime(clickhouse: ClickHouse): Promise<number> {
  const rows = await clickhouse.query<{ ms: string }>("SELECT toString(toUnixTimestamp64Milli(now64(3))) AS ms");
  return Number(rows[0]?.ms);
}

/** Facts of the objects of a range that were recorded at or after `sinceMs`; one for each etag. */
export async function readFacts(clickhouse: ClickHouse, lake: string, range: Range, sinceMs = 0): Promise<FileFacts[]> {
  const rows = await clickhouse.query<
    Record<"source" | "etag" | "v" | "events" | "checksum" | "content" | "size" | "hour_s", string>
  >(
    `SELECT toUnixTimestamp(event_hour) AS hour_s, source, etag, toString(export_version) AS v, events, checksum, content, size_bytes AS size
FROM lake_files FINAL WHERE lake = {lake:String} AND event_hour >= {from:UInt32} AND event_hour < {to:UInt32}
  AND recorded_at >= fromUnixTimestamp64Milli({since:Int64})`,
    { params: { lake, from: range.fromS, to: range.toS, since: sinceMs } },
  );
  return rows.map(({ hour_s, source, etag, v, events, checksum, content, size }) => ({
    hourS: Number(hour_s),
    source,
    etag,
    version: BigInt(v),
    events: Number(events),
    checksum,
    content,
    sizeBytes: Number(size),
  }));
}

/** Records what was read out of objects. */
export async function recordFacts(clickhouse: ClickHouse, lake: string, facts: readonly FileFacts[]): Promise<void> {
  if (facts.length === 0) return;
  // 64-bit numbers travel as text: the client would quote them inside an array.
  const list = <T>(pick: (fact: FileFacts) => T) => facts.map(pick);
  await clickhouse.command(
    `INSERT INTO lake_files (lake, event_hour, source, etag, export_version, events, checksum, content, size_bytes)
SELECT {lake:String}, toDateTime(f.1, 'UTC'), f.2, f.3, toUInt64(f.4), toUInt64(f.5), toUInt64(f.6), toUInt64(f.7), toUInt64(f.8)
FROM (SELECT arrayJoin(arrayZip({hours:Array(UInt32)}, {sources:Array(String)}, {etags:Array(String)}, {versions:Array(String)},
  {events:Array(String)}, {checksums:Array(String)}, {contents:Array(String)}, {sizes:Array(String)})) AS f)`,
    {
      params: {
        lake,
        hours: list((f) => f.hourS),
        sources: list((f) => f.source),
        etags: list((f) => f.etag),
        versions: list((f) => String(f.version)),
        events: list((f) => String(f.events)),
        checksums: list((f) => f.checksum),
        contents: list((f) => f.content),
        sizes: list((f) => String(f.sizeBytes)),
      },
      settings: { async_insert: 0 },
    },
  );
}

export type RunRecord = {
  command: "export" | "verify" | "restore";
  startedMs: number;
  outcome: number;
  hours: number;
  remaining: number;
};

/** Records the end of a run. */
export async function recordRun(clickhouse: ClickHouse, lake: string, run: RunRecord): Promise<void> {
  await clickhouse.command(
    `INSERT INTO lake_runs (lake, command, started_at, outcome, hours, remaining)
SELECT {lake:String}, {command:String}, fromUnixTimestamp64Milli({started:Int64}, 'UTC'), {outcome:UInt8}, {hours:UInt64}, {remaining:UInt64}`,
    {
      params: {
        lake,
        command: run.command,
        started: run.startedMs,
        outcome: run.outcome,
        hours: run.hours,
        remaining: run.remaining,
      },
      settings: { async_insert: 0 },
    },
  );
}

/** Objects by the hour and source of their key; those with a foreign key apart. */
export function bySlot(objects: readonly LakeObject[]): {
  slots: Map<number, Map<string, LakeObject>>;
  foreign: LakeObject[];
} {
  const slots = new Map<number, Map<string, LakeObject>>();
  const foreign: LakeObject[] = [];
  for (const object of objects) {
    const slot = parseKey(object.key);
    if (slot === undefined) {
      foreign.push(object);
      continue;
    }
    const hour = slots.get(slot.hourS) ?? new Map<string, LakeObject>();
    slots.set(slot.hourS, hour.set(slot.source, object));
  }
  return { slots, foreign };
}
