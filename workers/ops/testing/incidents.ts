import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import type { Services } from "../cli/services.ts";
import { ledgerOf, messageOf, type TestEvent, testEvents } from "./events.ts";
import type { OpsFixture } from "./fixture.ts";

/** What happens to a pipeline that is right while somebody reads it, for tests that put it between any two reads. */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Days that can leave the raw retention, one at a time, ago: younger than what is too old, older than what tests look at. */
export const OLDEST_DAY = 28;
const YOUNGEST_DAY = 3;

export type Incidents = Readonly<Record<string, () => Promise<unknown>>>;

/** Something to read, of a quarter of an hour ago, and an event of each day that will leave the retention, from `oldest` ago on. */
export async function produceHistory(fixture: OpsFixture, oldest = OLDEST_DAY): Promise<{ recent: TestEvent[] }> {
  const recent = testEvents(60, Date.now() - 20 * MINUTE_MS);
  const days = Array.from({ length: oldest - YOUNGEST_DAY + 1 }, (_, i) => YOUNGEST_DAY + i);
  const old = days.flatMap((day) => testEvents(1, Date.now() - day * DAY_MS));
  await fixture.produce([...recent, ...old].map((event) => messageOf(event)));
  await fixture.produce([{ value: "not json" }]);
  await fixture.consume();
  return { recent };
}

const dayText = (daysAgo: number) => new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);

/** Each of them leaves the pipeline right. `duplicated` is an event that has been sent. */
export function createIncidents(fixture: OpsFixture, duplicated: TestEvent, oldest = OLDEST_DAY): Incidents {
  const { clickhouse } = fixture;
  let leaving = oldest;
  const send = async (messages: Parameters<OpsFixture["produce"]>[0]) => {
    await fixture.produce(messages);
    await fixture.consume();
  };
  const fresh = (agoMs = MINUTE_MS): TestEvent => ({
    id: crypto.randomUUID(),
    timeMs: Date.now() - agoMs,
    source: "web",
    type: "click",
  });
  return {
    event: () => send([messageOf(fresh())]),
    duplicate: () => send([messageOf(duplicated)]),
    "dead letter": () => send([{ value: "{}" }]),
    "closing ledger": async () => {
      const event = fresh();
      const instance = crypto.randomUUID();
      await send([messageOf(event, { instance })]);
      await fixture.ledger(ledgerOf(instance, [event], "closed", Date.now()));
    },
    "conflict and its resolution": async () => {
      const event = fresh(5 * MINUTE_MS);
      await send([messageOf(event), messageOf({ ...event, timeMs: event.timeMs - 3 * MINUTE_MS })]);
      const { code, err } = await fixture.run(["conflicts", "resolve", "--yes", "--wait", "1s"]);
      if (code === 2) throw new Error(`the conflict was not resolved: ${err}`);
    },
    // Of minutes that stay: one that is marked and leaves the retention before it is recomputed is never proven.
    recomputation: () =>
      clickhouse.command(
        `INSERT INTO minute_marks (event_minute, rows_marked, touched_at)
         SELECT event_minute, 1, now64(3) FROM minute_marks GROUP BY event_minute ORDER BY event_minute DESC LIMIT 3`,
      ),
    // As at midnight: the day is past first, and its rows go afterwards.
    retention: async () => {
      if (leaving < YOUNGEST_DAY) return;
      const day = leaving--;
      await clickhouse.command(
        "INSERT INTO pipeline_settings (name, value) SELECT 'raw_complete_since', {since:String}",
        { params: { since: dayText(day - 1) }, settings: { async_insert: 0 } },
      );
      await clickhouse.command(`ALTER TABLE events_raw DROP PARTITION '${dayText(day)}'`);
    },
  };
}

/** Every incident after every other, itself included: each of all pairs once (a de Bruijn sequence of order two). */
export function allPairs(names: readonly string[]): string[] {
  const sequence: string[] = [];
  for (const [i, first] of names.entries()) {
    sequence.push(first);
    for (const second of names.slice(i + 1)) sequence.push(first, second);
  }
  return [...sequence, ...names.slice(0, 1)];
}

/**
 * Hooks to call before each read, one a run: they have the incidents of `coming` happen, about `most` in a run. They are spread
 * over all reads of a run, each run at other ones, and in every second run two happen at once. None happens within another.
 */
export function createInterleaver(incidents: Incidents, coming: string[], most: number): () => () => Promise<void> {
  let [run, reads, stride] = [0, 0, 1];
  return () => {
    const together = 1 + (run % 2);
    if (reads > 0) stride = Math.max(1, Math.floor((reads * together) / most));
    const phase = run++ % stride;
    reads = 0;
    let busy = false;
    return async () => {
      if (busy || reads++ % stride !== phase) return;
      busy = true;
      for (const name of coming.splice(0, together)) await incidents[name]?.();
      busy = false;
    };
  };
}

/** A client of the store with something happening before each read. */
export function hookedClickHouse(clickhouse: ClickHouse, happen: () => Promise<void>): ClickHouse {
  return {
    ...clickhouse,
    query: async (sql, options) => {
      await happen();
      return clickhouse.query(sql, options);
    },
    stream: async function* (sql, options) {
      await happen();
      yield* clickhouse.stream(sql, options);
    },
  };
}

/** The services with something happening before each read of the store, and each question to Kafka. */
export function hookedServices(services: Services, happen: () => Promise<void>): Services {
  const admin = {
    ...services.admin,
    fetchTopicOffsets: async (topic: string) => {
      await happen();
      return services.admin.fetchTopicOffsets(topic);
    },
    fetchOffsets: async (options: Parameters<typeof services.admin.fetchOffsets>[0]) => {
      await happen();
      return services.admin.fetchOffsets(options);
    },
  };
  const log = {
    ...services.log,
    read: async (...args: Parameters<typeof services.log.read>) => {
      await happen();
      return services.log.read(...args);
    },
  };
  return { ...services, clickhouse: hookedClickHouse(services.clickhouse, happen), admin, log };
}
