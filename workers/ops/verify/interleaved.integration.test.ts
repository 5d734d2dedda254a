import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { audit } from "../audit/run.ts";
import type { CliIo } from "../cli/io.ts";
import { type Services, withServices } from "../cli/services.ts";
import { ledgerOf, messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";
import { timingOf, verify } from "./run.ts";
import { END_OF_TIME_S } from "./windows.ts";

/**
 * Between any two reads of a proof something may happen. Before every read of the store, and every question to Kafka, one
 * thing is done to a pipeline that is right, in turn: no proof may then say DIFFERENT. To one that has lost an event the
 * same is done: none may say EXACT.
 */

let fixture: OpsFixture;
const minuteMs = 60_000;
const old = testEvents(60, Date.now() - 20 * minuteMs);

beforeAll(async () => {
  fixture = await createOpsFixture("interleaved");
  await fixture.produce(old.map((event) => messageOf(event)));
  await fixture.produce([{ value: "not json" }]);
  await fixture.consume();
}, 90_000);
afterAll(() => fixture.close());

const send = async (messages: Parameters<OpsFixture["produce"]>[0]) => {
  await fixture.produce(messages);
  await fixture.consume();
};
const fresh = (agoMs = minuteMs) => testEvents(1, Date.now() - agoMs)[0] ?? raise();
function raise(): never {
  throw new Error("none");
}
let pendingConflict = false;

/** What happens to a pipeline that is right. */
const INCIDENTS: Readonly<Record<string, () => Promise<unknown>>> = {
  event: () => send([messageOf(fresh())]),
  duplicate: () => send([messageOf(old[7] ?? raise())]),
  "dead letter": () => send([{ value: "{}" }]),
  "closing ledger": async () => {
    const event = fresh();
    const instance = crypto.randomUUID();
    await send([messageOf(event, { instance })]);
    await fixture.ledger(ledgerOf(instance, [event], "closed", Date.now()));
  },
  "conflict and its resolution": async () => {
    const event = fresh(5 * minuteMs);
    await send([messageOf(event), messageOf({ ...event, timeMs: event.timeMs - 3 * minuteMs })]);
    pendingConflict = (await fixture.run(["conflicts", "resolve", "--yes", "--wait", "1s"])).code === 2;
  },
  recomputation: () =>
    fixture.clickhouse.command(
      "INSERT INTO minute_marks (event_minute, rows_marked, touched_at) SELECT event_minute, 1, now64(3) FROM minute_marks GROUP BY event_minute LIMIT 3",
    ),
  retention: () =>
    fixture.clickhouse.command(
      "INSERT INTO pipeline_settings (name, value) SELECT 'raw_complete_since', toString(toDate(now('UTC') - INTERVAL 3 DAY))",
      { settings: { async_insert: 0 } },
    ),
};
const NAMES = Object.keys(INCIDENTS);
/** Per run: the more, the longer it takes; every incident happens at least once. */
const MOST = NAMES.length + 1;

/** The services with something happening before each read, from the incident at `first` on. */
function interleave(services: Services, first: number): { services: Services; happened: string[] } {
  const happened: string[] = [];
  let busy = false;
  const happen = async () => {
    if (busy || happened.length >= MOST) return;
    busy = true;
    const name = NAMES[(first + happened.length) % NAMES.length] ?? "event";
    happened.push(name);
    await INCIDENTS[name]?.();
    busy = false;
  };
  const clickhouse: ClickHouse = {
    ...services.clickhouse,
    query: async (sql, options) => {
      await happen();
      return services.clickhouse.query(sql, options);
    },
    stream: async function* (sql, options) {
      await happen();
      yield* services.clickhouse.stream(sql, options);
    },
  };
  const admin = {
    ...services.admin,
    fetchTopicOffsets: async (topic: string) => {
      await happen();
      return services.admin.fetchTopicOffsets(topic);
    },
  };
  return { services: { ...services, clickhouse, admin }, happened };
}

function withOps<T>(run: (services: Services) => Promise<T>): Promise<T> {
  const io: CliIo = {
    env: fixture.env,
    clock: systemClock,
    out: () => undefined,
    outBytes: () => undefined,
    err: () => undefined,
    progress: () => undefined,
    signal: new AbortController().signal,
    confirm: async () => false,
    readStdin: async () => new Uint8Array(),
    exit: () => undefined,
  };
  return withServices(io, run);
}

const PROOFS: Readonly<Record<string, (services: Services) => Promise<{ verdict: string; says: string }>>> = {
  audit: async (services) => {
    const report = await audit(services, { waitMs: 30_000, allowUnseen: true, tempDir: undefined });
    return { verdict: report.verdict, says: JSON.stringify([report.defects, report.letters.defects], bigints) };
  },
  verify: async (services) => {
    const window = { from: 0, to: END_OF_TIME_S };
    const report = await verify(services, { window, waitMs: 30_000, all: false, timing: timingOf(4_000) });
    return { verdict: report.verdict, says: JSON.stringify([report.differences, report.otherDifferences], bigints) };
  },
};
const bigints = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

for (const [name, prove] of Object.entries(PROOFS)) {
  test(`${name}: whatever happens between its reads, right is never called DIFFERENT, nor a loss EXACT`, async () => {
    await withOps(async (plain) => {
      const right = interleave(plain, name === "audit" ? 2 : 5);
      const found = await prove(right.services);
      expect(pendingConflict).toBe(false);
      expect(right.happened.length).toBeGreaterThanOrEqual(NAMES.length);
      expect({ ...found, happened: right.happened }).toMatchObject({ verdict: expect.not.stringMatching("DIFFERENT") });

      // Lost: committed and not stored.
      const [lost] = testEvents(1, Date.now() - 2 * minuteMs);
      await fixture.produce([messageOf(lost ?? raise())]);
      const dropped: EventRow[] = [];
      await fixture.consume({
        row: (row) => {
          dropped.push(row);
          return undefined;
        },
      });
      expect(dropped.length).toBe(1);
      const spoiled = interleave(plain, name === "audit" ? 4 : 0);
      expect((await prove(spoiled.services)).verdict).not.toBe("EXACT");
      await fixture.storeEvents(dropped);
    });
  }, 300_000);
}
