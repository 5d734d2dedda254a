import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { audit } from "../audit/run.ts";
import type { CliIo } from "../cli/io.ts";
import { type Services, withServices } from "../cli/services.ts";
import { createJudge, type Proof, proveStep } from "../continuous/step.ts";
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
/** Per run: the more, the longer it takes. */
const MOST = NAMES.length + 1;

/** Every incident after every other, itself included: each of all pairs once (a de Bruijn sequence of order two). */
function allPairs(names: readonly string[]): string[] {
  const sequence: string[] = [];
  for (const [i, first] of names.entries()) {
    sequence.push(first);
    for (const second of names.slice(i + 1)) sequence.push(first, second);
  }
  return [...sequence, ...names.slice(0, 1)];
}

/** The services with something happening before each read, taken from the front of `coming`; at most {@link MOST} times. */
function interleave(services: Services, coming: string[]): Services {
  let happened = 0;
  let busy = false;
  const happen = async () => {
    const [name] = coming;
    if (busy || happened >= MOST || name === undefined) return;
    busy = true;
    happened++;
    coming.shift();
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
  return { ...services, clickhouse, admin, log };
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
  watch: async (services) => {
    const judge = createJudge(services);
    const since = proof.partitions.size;
    for (let step = 0; step < 3; step++) {
      // A difference counts when it is found again after this time.
      await proveStep(services, judge, proof, { settleMs: 1_000 });
      await Bun.sleep(1_200);
    }
    const states = [...proof.partitions.values()];
    const different = states.flatMap(({ difference }) => (difference === "" ? [] : [difference]));
    const ends = await services.admin.fetchTopicOffsets(services.config.KAFKA_EVENTS_TOPIC);
    const all = ends.every(({ partition, high }) => (proof.partitions.get(partition)?.next ?? 0) >= Number(high));
    const word = all && since > 0 ? "EXACT" : "NOT PROVEN";
    return { verdict: different.length > 0 ? "DIFFERENT" : word, says: different.join("\n") };
  },
};
const proof: Proof = { partitions: new Map(), suspects: new Map() };
const bigints = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

test("the sequence of incidents has each pair", () => {
  const sequence = allPairs(NAMES);
  const pairs = new Set(sequence.slice(1).map((name, i) => `${sequence[i]} ${name}`));
  expect(pairs.size).toBe(NAMES.length ** 2);
});

for (const [name, prove] of Object.entries(PROOFS)) {
  test(`${name}: whatever happens between its reads, one or two after each other, right is never called DIFFERENT`, async () => {
    await withOps(async (plain) => {
      const coming = allPairs(NAMES);
      while (coming.length > 0) {
        const next = coming.slice(0, MOST);
        const found = await prove(interleave(plain, coming));
        expect(pendingConflict).toBe(false);
        expect({ ...found, next }).toMatchObject({ verdict: expect.not.stringMatching("DIFFERENT") });
      }
    });
  }, 600_000);

  test(`${name}: whatever happens between its reads, a loss is never called EXACT`, async () => {
    await withOps(async (plain) => {
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
      for (const coming of [NAMES, [...NAMES].reverse()]) {
        expect((await prove(interleave(plain, [...coming]))).verdict).not.toBe("EXACT");
      }
      await fixture.storeEvents(dropped);
    });
  }, 300_000);
}
