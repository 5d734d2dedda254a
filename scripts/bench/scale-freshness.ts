import type { ClickHouse } from "../../workers/shared/clickhouse/client.ts";
import { EventsBlock } from "../../workers/shared/clickhouse/tables/events-block.ts";
import { EVENTS_RAW_COLUMNS, EVENTS_RAW_TABLE } from "../../workers/shared/clickhouse/tables/events-raw.ts";
import { eventRow } from "../testkit/event-rows.ts";
import { eventBlocks } from "./event-blocks.ts";

/** What readers see of the present while something else goes on, ms, one entry a look. */
export type LiveFreshness = {
  /** From the insert of an event into a minute of its own until the minute view shows it. */
  minuteViewMs: number[];
  /** Age of the newest computation of the minute that gets most of the live events. */
  busyMinuteAgeMs: number[];
};

const BLOCK_MS = 200;
const PROBE_MS = 500;

/** Inserts simulated events at a rate, as the consumer does, and looks at the views, until `work` has ended. */
export async function whileLive(
  clickhouse: ClickHouse,
  ratePerSecond: number,
  work: () => Promise<void>,
): Promise<LiveFreshness> {
  const found: LiveFreshness = { minuteViewMs: [], busyMinuteAgeMs: [] };
  let running = true;
  const isRunning = () => running;
  const others = [live(clickhouse, ratePerSecond, isRunning), probes(clickhouse, found, isRunning)];
  try {
    await work();
  } finally {
    running = false;
    await Promise.all(others);
  }
  return found;
}

async function live(clickhouse: ClickHouse, ratePerSecond: number, isRunning: () => boolean): Promise<void> {
  const rowsPerBlock = Math.max(1, Math.round((ratePerSecond * BLOCK_MS) / 1000));
  const began = Date.now();
  let due = began;
  const common = { rowsPerBlock, ratePerSecond, startTimeMs: began, seed: `live ${began}` };
  for (const block of eventBlocks({ ...common, rows: Number.MAX_SAFE_INTEGER })) {
    if (!isRunning()) return;
    due += BLOCK_MS;
    await Bun.sleep(Math.max(0, due - Date.now()));
    await clickhouse.insert(EVENTS_RAW_TABLE, EVENTS_RAW_COLUMNS, block);
  }
}

async function probes(clickhouse: ClickHouse, found: LiveFreshness, isRunning: () => boolean): Promise<void> {
  const firstMinuteMs = Math.floor(Date.now() / 60_000) * 60_000 - 86_400_000;
  const pending: Promise<void>[] = [];
  for (let i = 0; isRunning(); i++) {
    pending.push(probe(clickhouse, firstMinuteMs - i * 60_000, i, found));
    await Bun.sleep(PROBE_MS);
  }
  await Promise.all(pending);
}

async function probe(clickhouse: ClickHouse, minuteMs: number, offset: number, found: LiveFreshness): Promise<void> {
  const began = performance.now();
  const block = new EventsBlock();
  block.add(
    eventRow({
      eventId: crypto.randomUUID(),
      eventTimeMs: minuteMs,
      kafkaOffset: offset,
      kafkaPartition: 99,
      source: "probe",
    }),
  );
  await clickhouse.insert(EVENTS_RAW_TABLE, EVENTS_RAW_COLUMNS, block.encode());
  for (;;) {
    const [seen] = await clickhouse.query<{ n: string; age: string }>(
      `SELECT (SELECT count() FROM events_per_minute WHERE source = 'probe' AND event_minute = {at:UInt32}) AS n,
         (SELECT toUnixTimestamp64Milli(now64(3)) - toUnixTimestamp64Milli(max(computed_at)) FROM events_per_minute_store
          WHERE source = '' AND event_minute = toStartOfMinute(now() - INTERVAL 5 SECOND)) AS age`,
      { params: { at: minuteMs / 1000 } },
    );
    if (seen?.n === "1") {
      found.minuteViewMs.push(performance.now() - began);
      // Not computed at all in the first second or two of the minute.
      if (Number(seen.age) < 3_600_000) found.busyMinuteAgeMs.push(Number(seen.age));
      return;
    }
    await Bun.sleep(20);
  }
}
