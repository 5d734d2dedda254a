import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { quoteText } from "../../shared/clickhouse/quote.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import type { Services } from "../cli/services.ts";
import { type ConflictKey, keyTuple } from "./conflicts.ts";

const BATCH = 200;
/** Statements return when every part was rewritten: a reader after them sees no deleted row. */
const SYNC = { mutations_sync: 2, lightweight_deletes_sync: 2 };

/**
 * Removes keys of conflicted events: records what is dropped, deletes the rows, then adds a mark for every touched minute, then the index entries. Interrupted
 * anywhere, the conflict is still listed and resolving it again completes the work. The marks come strictly after the
 * rows are gone, so that the recomputation they cause cannot see them. Answers the store's time (Unix ms) at which the
 * rows of each touched minute (Unix s) were gone.
 */
export async function dropKeys(
  clickhouse: ClickHouse,
  keys: readonly ConflictKey[],
  onProgress: (done: number) => void,
): Promise<Map<number, number>> {
  const goneAt = new Map<number, number>();
  for (let at = 0; at < keys.length; at += BATCH) {
    const batch = keys.slice(at, at + BATCH);
    const tuples = batch.map((key) => keyTuple(key.minute, key.source, key.eventType, key.eventId)).join(", ");
    const command = (sql: string) => clickhouse.command(sql, { settings: SYNC });
    await record(clickhouse, batch);
    await command(
      `DELETE FROM events_raw WHERE (toStartOfMinute(event_time), source, event_type, event_id) IN (${tuples})`,
    );
    const gone = await clickhouse.query<{ t: string }>("SELECT toUnixTimestamp64Milli(now64(3, 'UTC')) AS t");
    for (const { minute } of batch) goneAt.set(minute, Number(gone[0]?.t));
    const minutes = [...new Set(batch.map((key) => key.minute))].join(", ");
    await command(
      `INSERT INTO minute_marks (event_minute, rows_marked, touched_at)
       SELECT toDateTime(arrayJoin([${minutes}]), 'UTC'), 1, now64(3, 'UTC')`,
    );
    const entries = batch.map(
      (key) =>
        `(toUUID(${quoteText(key.eventId)}), toDateTime(${key.minute}, 'UTC'), ${quoteText(key.source)}, ${quoteText(key.eventType)})`,
    );
    await command(
      `DELETE FROM event_index WHERE (event_id, event_minute, source, event_type) IN (${entries.join(", ")})`,
    );
    onProgress(at + batch.length);
  }
  return goneAt;
}

/** Notes the stored ones of the keys as dropped on purpose: see conflict_resolutions.sql. */
async function record(clickhouse: ClickHouse, keys: readonly ConflictKey[]): Promise<void> {
  const rows = keys.flatMap(({ copy, ...key }) =>
    copy === undefined
      ? []
      : [
          `(toUUID(${quoteText(key.eventId)}), toDateTime(${key.minute}, 'UTC'), ${quoteText(key.source)}, ${quoteText(key.eventType)}, ${quoteText(copy.producer)})`,
        ],
  );
  if (rows.length === 0) return;
  await clickhouse.command(
    `INSERT INTO conflict_resolutions (event_id, event_minute, source, event_type, producer) VALUES ${rows.join(", ")}`,
    { settings: { async_insert: 0 } },
  );
}

/**
 * Waits until every touched minute was recomputed once after its rows were gone, and its hour after that; false at the
 * deadline (ms of the clock). Live traffic may touch them again meanwhile: that is no reason to wait longer.
 */
export async function waitForViews(
  services: Services,
  goneAt: ReadonlyMap<number, number>,
  deadlineMs: number,
): Promise<boolean> {
  const { clickhouse, io } = services;
  let minutes: readonly number[] = [...goneAt.keys()];
  let hours: ReadonlyMap<number, bigint> | undefined;
  for (;;) {
    if (minutes.length > 0) minutes = await notRecomputed(clickhouse, minutes, goneAt);
    // What the hours must include is fixed once: live minutes go on.
    if (minutes.length === 0) hours = await behindHours(clickhouse, hours ?? (await hourTargets(clickhouse, goneAt)));
    if (hours?.size === 0) return true;
    if (io.clock.now() >= deadlineMs || io.signal.aborted) return false;
    const open = minutes.length > 0 ? `${minutes.length} minutes` : `${hours?.size ?? 0} hours`;
    io.progress(`waiting for the views: ${open} are not recomputed yet`);
    await sleep(500, io.signal);
  }
}

const HEAD = "source = '' AND event_type = ''";

/** The minutes whose newest computation began before their rows were gone. */
async function notRecomputed(
  clickhouse: ClickHouse,
  minutes: readonly number[],
  goneAt: ReadonlyMap<number, number>,
): Promise<number[]> {
  const open: number[] = [];
  for (let at = 0; at < minutes.length; at += BATCH) {
    const part = minutes.slice(at, at + BATCH);
    const rows = await clickhouse.query<{ minute: number; computed: string }>(
      `SELECT toUnixTimestamp(event_minute) AS minute, toUnixTimestamp64Milli(maxIf(computed_at, rows_marked > 0)) AS computed
       FROM events_per_minute_store WHERE ${HEAD} AND toUnixTimestamp(event_minute) IN {minutes:Array(UInt32)} GROUP BY minute`,
      { params: { minutes: part } },
    );
    const computed = new Map(rows.map((row) => [row.minute, Number(row.computed)]));
    open.push(...part.filter((minute) => (computed.get(minute) ?? 0) < (goneAt.get(minute) ?? 0)));
  }
  return open;
}

const hourOf = (minute: number) => minute - (minute % 3600);

/** What the touched hours (Unix s) must have included: a head of an hour records the sum of its minutes' versions. */
async function hourTargets(
  clickhouse: ClickHouse,
  goneAt: ReadonlyMap<number, number>,
): Promise<ReadonlyMap<number, bigint>> {
  const hours = [...new Set([...goneAt.keys()].map(hourOf))];
  const targets = new Map<number, bigint>();
  for (let at = 0; at < hours.length; at += BATCH) {
    const rows = await clickhouse.query<{ hour: number; version: string }>(
      `SELECT toUnixTimestamp(toStartOfHour(event_minute)) AS hour, sum(newest) AS version
       FROM (
         SELECT event_minute, max(version) AS newest FROM events_per_minute_store
         WHERE ${HEAD} AND toUnixTimestamp(toStartOfHour(event_minute)) IN {hours:Array(UInt32)} GROUP BY event_minute
       ) GROUP BY hour`,
      { params: { hours: hours.slice(at, at + BATCH) } },
    );
    for (const row of rows) targets.set(row.hour, BigInt(row.version));
  }
  return targets;
}

/** The hours that have not included their target yet. */
async function behindHours(
  clickhouse: ClickHouse,
  targets: ReadonlyMap<number, bigint>,
): Promise<ReadonlyMap<number, bigint>> {
  const behind = new Map(targets);
  const hours = [...targets.keys()];
  for (let at = 0; at < hours.length; at += BATCH) {
    const rows = await clickhouse.query<{ hour: number; version: string }>(
      `SELECT toUnixTimestamp(event_hour) AS hour, max(version) AS version FROM events_per_hour_store
       WHERE ${HEAD} AND toUnixTimestamp(event_hour) IN {hours:Array(UInt32)} GROUP BY hour`,
      { params: { hours: hours.slice(at, at + BATCH) } },
    );
    for (const { hour, version } of rows) if (BigInt(version) >= (targets.get(hour) ?? 0n)) behind.delete(hour);
  }
  return behind;
}
