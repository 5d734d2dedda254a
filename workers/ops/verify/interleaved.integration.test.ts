import { afterAll, beforeAll, expect, test } from "bun:test";
import { waitFor } from "../../../scripts/testkit/index.ts";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import { createJudge } from "../audit/judge.ts";
import { audit } from "../audit/run.ts";
import type { Services } from "../cli/services.ts";
import { type Proof, proveStep } from "../continuous/step.ts";
import { messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";
import {
  allPairs,
  createIncidents,
  createInterleaver,
  hookedServices,
  type Incidents,
  OLDEST_DAY,
  produceHistory,
} from "../testing/incidents.ts";
import { withOps } from "../testing/io.ts";
import { timingOf, verify } from "./run.ts";
import { END_OF_TIME_S } from "./windows.ts";

/**
 * Between any two reads of a proof something may happen. Before every read of the store, and every question to Kafka, one
 * thing is done to a pipeline that is right, in turn: no proof may then say DIFFERENT. To one that has lost an event the
 * same is done: none may say EXACT.
 */

let fixture: OpsFixture;
let incidents: Incidents;
let names: string[];

beforeAll(async () => {
  fixture = await createOpsFixture("interleaved");
  const { recent } = await produceHistory(fixture);
  incidents = createIncidents(fixture, recent[7] ?? raise());
  names = Object.keys(incidents);
}, 90_000);
afterAll(() => fixture.close());

function raise(): never {
  throw new Error("none");
}

/** So many in one run: the more, the longer it takes. */
const MOST = 8;

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
  const sequence = allPairs(names);
  const pairs = new Set(sequence.slice(1).map((name, i) => `${sequence[i]} ${name}`));
  expect(pairs.size).toBe(names.length ** 2);
});

test("verify: a day that leaves the retention after it was asked for, and before its events are read, is no loss", async () => {
  await withOps(fixture, async (plain) => {
    const day = Math.floor(Date.now() / 86_400_000 - OLDEST_DAY) * 86_400;
    let hasLeft = false;
    // What leaves before its minute was computed is never proven.
    const exact = async () => (await PROOFS.verify?.(plain))?.verdict === "EXACT";
    await waitFor(exact, { timeoutMs: 60_000, describe: "EXACT" });
    const clickhouse: Services["clickhouse"] = {
      ...plain.clickhouse,
      query: async (sql, options) => {
        // The first of what is read of the day: its ledger.
        if (!hasLeft && Object.values(options?.params ?? {}).includes(day)) {
          hasLeft = true;
          await incidents.retention?.();
        }
        return plain.clickhouse.query(sql, options);
      },
    };
    const found = await PROOFS.verify?.({ ...plain, clickhouse });
    expect({ hasLeft, ...found }).toMatchObject({ hasLeft: true, verdict: "EXACT" });
  });
}, 120_000);

for (const [name, prove] of Object.entries(PROOFS)) {
  test(`${name}: whatever happens between its reads, one or two after each other, right is never called DIFFERENT`, async () => {
    await withOps(fixture, async (plain) => {
      const coming = allPairs(names);
      const nextRun = createInterleaver(incidents, coming, MOST);
      while (coming.length > 0) {
        const next = coming.slice(0, 2 * MOST);
        const found = await prove(hookedServices(plain, nextRun()));
        expect({ ...found, next }).toMatchObject({ verdict: expect.not.stringMatching("DIFFERENT") });
      }
      // Left alone it is proven: what was done to it is nothing that would stand in the way of that.
      const exact = async () => (await prove(plain)).verdict === "EXACT";
      await waitFor(exact, { timeoutMs: 90_000, describe: "EXACT" });
    });
  }, 600_000);

  test(`${name}: whatever happens between its reads, a loss is never called EXACT`, async () => {
    await withOps(fixture, async (plain) => {
      // Lost: committed and not stored.
      const [lost] = testEvents(1, Date.now() - 120_000);
      await fixture.produce([messageOf(lost ?? raise())]);
      const dropped: EventRow[] = [];
      await fixture.consume({
        row: (row) => {
          dropped.push(row);
          return undefined;
        },
      });
      expect(dropped.length).toBe(1);
      const coming = [...names, ...names.toReversed()];
      const nextRun = createInterleaver(incidents, coming, MOST);
      while (coming.length > 0) {
        expect((await prove(hookedServices(plain, nextRun()))).verdict).not.toBe("EXACT");
      }
      await fixture.storeEvents(dropped);
    });
  }, 300_000);
}
