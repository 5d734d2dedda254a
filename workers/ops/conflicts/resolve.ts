import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import type { Services } from "../cli/services.ts";
import { comparePass } from "../verify/compare-pass.ts";
import { END_OF_TIME_S, recheckWindows } from "../verify/windows.ts";
import { type ConflictKey, keyTuple, sqlText } from "./conflicts.ts";

const BATCH = 200;
/** Statements return when every part was rewritten: a reader after them sees no deleted row. */
const SYNC = { mutations_sync: 2, lightweight_deletes_sync: 2 };

/**
 * Removes keys of conflicted events: the rows, then a mark for every touched minute, then the index entries. Interrupted
 * anywhere, the conflict is still listed and resolving it again completes the work. The marks come strictly after the
 * rows are gone, so that the recomputation they cause cannot see them.
 */
export async function dropKeys(
  clickhouse: ClickHouse,
  keys: readonly ConflictKey[],
  onProgress: (done: number) => void,
): Promise<void> {
  for (let at = 0; at < keys.length; at += BATCH) {
    const batch = keys.slice(at, at + BATCH);
    const tuples = batch.map((key) => keyTuple(key.minute, key.source, key.eventType, key.eventId)).join(", ");
    const command = (sql: string) => clickhouse.command(sql, { settings: SYNC });
    await command(
      `DELETE FROM events_raw WHERE (toStartOfMinute(event_time), source, event_type, event_id) IN (${tuples})`,
    );
    const minutes = [...new Set(batch.map((key) => key.minute))].join(", ");
    await command(
      `INSERT INTO minute_marks (event_minute, rows_marked, touched_at)
       SELECT toDateTime(arrayJoin([${minutes}]), 'UTC'), 1, now64(3, 'UTC')`,
    );
    const entries = batch.map(
      (key) =>
        `(toUUID(${sqlText(key.eventId)}), toDateTime(${key.minute}, 'UTC'), ${sqlText(key.source)}, ${sqlText(key.eventType)})`,
    );
    await command(
      `DELETE FROM event_index WHERE (event_id, event_minute, source, event_type) IN (${entries.join(", ")})`,
    );
    onProgress(at + batch.length);
  }
}

/** Waits until the views of minutes and hours agree with what is left; false at the deadline (ms of the clock). */
export async function waitForViews(
  services: Services,
  keys: readonly ConflictKey[],
  deadlineMs: number,
): Promise<boolean> {
  const { io } = services;
  const none = { events: 0, checksum: 0n, money: 0n };
  const touched = keys.flatMap((key) => {
    const result = { source: key.source, eventType: key.eventType, outcome: "different" as const };
    const tallies = { expected: none, found: none, instances: [] };
    return [
      { ...result, ...tallies, check: "minute" as const, bucket: key.minute },
      { ...result, ...tallies, check: "hour" as const, bucket: key.minute - (key.minute % 3600) },
    ];
  });
  const windows = recheckWindows(touched, { from: 0, to: END_OF_TIME_S });
  const wanted = new Set(touched.map((key) => `${key.check} ${key.bucket}`));
  for (;;) {
    let open = 0;
    for (const window of windows) {
      const { results } = await comparePass(services, window, 0);
      open += results.filter((key) => key.outcome !== "exact" && wanted.has(`${key.check} ${key.bucket}`)).length;
    }
    if (open === 0) return true;
    if (io.clock.now() >= deadlineMs || io.signal.aborted) return false;
    io.err(`waiting for the views: ${open} keys are not recomputed yet`);
    await sleep(500, io.signal);
  }
}
