import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { quoteText } from "../../shared/clickhouse/quote.ts";

/** One key of a conflicted event_id; `copy` is what is stored under it, if its raw event is still there. */
export type ConflictKey = {
  eventId: string;
  /** Unix seconds. */
  minute: number;
  source: string;
  eventType: string;
  copy: Copy | undefined;
};

/** Where in Kafka the stored copy lay; `producer` is empty if no ledger counts it. */
export type Copy = { partition: number; offset: number; appendMs: number; producer: string };

export type Conflict = { eventId: string; keys: ConflictKey[] };

/**
 * - `resolve`: `keep` stays, `drop` goes
 * - `stale`: at most one key has an event left; only the index is to be cleared of `drop`
 * - `expired`: the raw events of a key are beyond the retention, so nobody can tell which was first
 */
export type Plan =
  | { kind: "resolve"; keep: ConflictKey; drop: ConflictKey[] }
  | { kind: "stale"; keep: ConflictKey | undefined; drop: ConflictKey[] }
  | { kind: "expired"; keys: ConflictKey[] };

/** Negative when `a` was appended first: by append time, then partition, then offset. */
export function compareCopies(a: Copy, b: Copy): number {
  return a.appendMs - b.appendMs || a.partition - b.partition || a.offset - b.offset;
}

/** Decides what to do about one conflict. @param horizon first minute (Unix s) whose raw events are all there. */
export function planConflict(conflict: Conflict, horizon: number): Plan {
  if (conflict.keys.some((key) => key.minute < horizon)) return { kind: "expired", keys: conflict.keys };
  const present = conflict.keys.flatMap((key) => (key.copy === undefined ? [] : [{ key, copy: key.copy }]));
  present.sort((a, b) => compareCopies(a.copy, b.copy));
  const keep = present[0]?.key;
  const drop = conflict.keys.filter((key) => key !== keep);
  if (keep === undefined || present.length === 1) return { kind: "stale", keep, drop };
  return { kind: "resolve", keep, drop };
}

/**
 * Drops again what was dropped before: undefined when no key of the conflict is in `recorded`, or when nothing else of it
 * is stored.
 */
export function planRecorded(conflict: Conflict, recorded: ReadonlySet<string>): Plan | undefined {
  const drop = conflict.keys.filter((key) => recorded.has(textOfKey(key)));
  const keep = conflict.keys.find((key) => key.copy !== undefined && !drop.includes(key));
  return drop.length === 0 || keep === undefined ? undefined : { kind: "resolve", keep, drop };
}

const textOfKey = ({ eventId, minute, source, eventType }: ConflictKey) =>
  [eventId, minute, source, eventType].join("\0");

/** The keys that were dropped before, for {@link planRecorded}, and their ids. */
export async function readRecorded(clickhouse: ClickHouse): Promise<{ keys: Set<string>; ids: string[] }> {
  const rows = await clickhouse.query<RawKey>(
    `SELECT event_id, toUnixTimestamp(event_minute) AS minute, source, event_type FROM conflict_resolutions FINAL
     WHERE event_id IN (SELECT event_id FROM conflicts)`,
  );
  return { keys: new Set(rows.map(textOf)), ids: [...new Set(rows.map((row) => row.event_id))] };
}

/** Conflicts in order of event_id, with their stored copies; of all ids, or of those given. */
export async function readConflicts(
  clickhouse: ClickHouse,
  options: { ids: readonly string[]; limit: number },
): Promise<{ conflicts: Conflict[]; total: number }> {
  const where = options.ids.length === 0 ? "1" : "event_id IN {ids:Array(UUID)}";
  const params = options.ids.length === 0 ? {} : { ids: [...options.ids] };
  const [count] = await clickhouse.query<{ n: string }>(
    `SELECT uniqExact(event_id) AS n FROM conflicts WHERE ${where}`,
    { params },
  );
  const keys = await clickhouse.query<RawKey>(
    `SELECT event_id, toUnixTimestamp(event_minute) AS minute, source, event_type FROM conflicts
     WHERE event_id IN (SELECT DISTINCT event_id FROM conflicts WHERE ${where} ORDER BY event_id LIMIT ${options.limit})
     ORDER BY event_id, minute, source, event_type`,
    { params },
  );
  const copies = await readCopies(clickhouse, keys);
  const byId = new Map<string, Conflict>();
  for (const row of keys) {
    const conflict = byId.get(row.event_id) ?? { eventId: row.event_id, keys: [] };
    byId.set(row.event_id, conflict);
    conflict.keys.push({
      eventId: row.event_id,
      minute: row.minute,
      source: row.source,
      eventType: row.event_type,
      copy: copies.get(textOf(row)),
    });
  }
  return { conflicts: [...byId.values()], total: Number(count?.n ?? 0) };
}

type RawKey = { event_id: string; minute: number; source: string; event_type: string };
const textOf = (row: RawKey) => [row.event_id, row.minute, row.source, row.event_type].join("\0");

/** Keys asked about in one statement. */
const BATCH = 200;

async function readCopies(clickhouse: ClickHouse, keys: readonly RawKey[]): Promise<Map<string, Copy>> {
  const copies = new Map<string, Copy>();
  for (let at = 0; at < keys.length; at += BATCH) {
    const tuples = keys
      .slice(at, at + BATCH)
      .map((row) => keyTuple(row.minute, row.source, row.event_type, row.event_id));
    const rows = await clickhouse.query<RawKey & { p: number; o: string; t: string; producer: string }>(
      `SELECT event_id, toUnixTimestamp(toStartOfMinute(event_time)) AS minute, source, event_type,
         kafka_partition AS p, kafka_offset AS o, toUnixTimestamp64Milli(kafka_append_time) AS t, producer
       FROM events_raw FINAL WHERE (toStartOfMinute(event_time), source, event_type, event_id) IN (${tuples.join(", ")})`,
    );
    for (const row of rows) {
      const { p: partition, o, t, producer } = row;
      copies.set(textOf(row), { partition, offset: Number(o), appendMs: Number(t), producer });
    }
  }
  return copies;
}

/** A key of events_raw as an SQL tuple. */
export function keyTuple(minute: number, source: string, eventType: string, eventId: string): string {
  return `(toDateTime(${minute}, 'UTC'), ${quoteText(source)}, ${quoteText(eventType)}, toUUID(${quoteText(eventId)}))`;
}
