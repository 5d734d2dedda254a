/**
 * As with the proofs: while the console's live page reads ledger, events and views, something happens. Counts that only were
 * read at different moments are never called different; an event that is lost, or shown twice, is, and is never called equal.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type LagWatch, startLagWatch } from "../../workers/console/data/lag.ts";
import { type LiveRow, liveRows } from "../../workers/console/data/live.ts";
import { createReads } from "../../workers/console/data/reads.ts";
import { createStanding } from "../../workers/console/data/standing.ts";
import { createStoredCounts } from "../../workers/console/data/stored-counts.ts";
import { createConsoleMetrics } from "../../workers/console/metrics.ts";
import { ledgerOf, messageOf, type TestEvent } from "../../workers/ops/testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../../workers/ops/testing/fixture.ts";
import {
  allPairs,
  createIncidents,
  createInterleaver,
  hookedClickHouse,
  type Incidents,
  produceHistory,
} from "../../workers/ops/testing/incidents.ts";
import { readMinuteStates } from "../../workers/shared/clickhouse/minute-states.ts";
import { systemClock } from "../../workers/shared/runtime/clock.ts";
import { createLogger } from "../../workers/shared/runtime/logger.ts";
import { waitFor } from "../testkit/index.ts";

let fixture: OpsFixture;
let incidents: Incidents;
let lag: LagWatch;
let visit: (happen?: () => Promise<void>) => Promise<LiveRow[]>;

/** So many in one visit, which reads five or six times. */
const MOST = 2;
/** In place of ten seconds. */
const STANDS_MS = 500;
const DAY_MS = 86_400_000;

beforeAll(async () => {
  fixture = await createOpsFixture("console_interleaved");
  const { recent } = await produceHistory(fixture);
  const [copied] = recent;
  if (copied === undefined) throw new Error("none");
  incidents = createIncidents(fixture, copied);
  lag = startLagWatch(fixture.config, { logger: createLogger({ name: "t", level: "silent" }), clock: systemClock });
  let happening = async () => {};
  const clickhouse = hookedClickHouse(fixture.clickhouse, () => happening());
  const reads = createReads(clickhouse, { timeoutSeconds: 30, maxRows: 100_000 }, createConsoleMetrics());
  const storedCounts = createStoredCounts(reads, systemClock);
  const standing = createStanding(reads, { clock: systemClock, lag: lag.current }, STANDS_MS);
  visit = async (happen = async () => {}) => {
    happening = happen;
    const nowMs = Date.now();
    const range = { fromMs: nowMs - 30 * DAY_MS, toMs: nowMs + 60_000 };
    // No minute is too young to be judged.
    const rows = await liveRows({ reads, storedCounts, standing }, range, "type", {
      nowMs,
      settleMs: Number.NEGATIVE_INFINITY,
    });
    await Bun.sleep(300);
    return rows;
  };
}, 120_000);
afterAll(async () => {
  await lag?.stop();
  await fixture.close();
});

const words = (rows: readonly LiveRow[]) => [...new Set(rows.map(({ comparison }) => comparison))].sort();
const differing = (rows: readonly LiveRow[]) => rows.filter(({ comparison }) => comparison === "different");

/** Left alone, everything comes to be equal, but for days of which the raw events are gone. */
const untilEqual = () =>
  waitFor(async () => words(await visit()).every((word) => word === "equal" || word === "no_raw"), {
    timeoutMs: 60_000,
    describe: "equal counts",
  });

test("whatever happens between its reads, one or two at once, counts that are right are never called different", async () => {
  await untilEqual();
  const coming = allPairs(Object.keys(incidents));
  const nextRun = createInterleaver(incidents, coming, MOST);
  while (coming.length > 0) {
    const next = coming.slice(0, 2 * MOST);
    expect({ next, different: differing(await visit(nextRun())) }).toEqual({ next, different: [] });
  }
  await untilEqual();
}, 600_000);

test("an event that was acknowledged and is not stored is never called equal, and is different in the end", async () => {
  const lost: TestEvent = { id: crypto.randomUUID(), timeMs: Date.now() - 600_000, source: "lottery", type: "logout" };
  await fixture.produce([messageOf(lost, { instance: "loser" })]);
  await fixture.consume({ row: () => undefined });
  await fixture.ledger(ledgerOf("loser", [lost], "closed", Date.now()));
  const wordOf = (rows: readonly LiveRow[]) => rows.find(({ eventType }) => eventType === lost.type)?.comparison;
  const names = Object.keys(incidents);
  const coming = [...names, ...names.toReversed()];
  const nextRun = createInterleaver(incidents, coming, MOST);
  while (coming.length > 0) expect(["in_flight", "different"]).toContain(wordOf(await visit(nextRun())) ?? "none");
  await waitFor(async () => wordOf(await visit()) === "different", {
    timeoutMs: 60_000,
    describe: "the loss to be called different",
  });
}, 300_000);

test("a minute that is shown otherwise than it is stored is different, though nothing is on its way", async () => {
  const event: TestEvent = {
    id: crypto.randomUUID(),
    timeMs: Date.now() - 900_000,
    source: "mobile",
    type: "app_open",
  };
  const wordOf = (rows: readonly LiveRow[]) => rows.find(({ eventType }) => eventType === event.type)?.comparison;
  await fixture.produce([messageOf(event)]);
  await fixture.consume();
  const minute = Math.floor(event.timeMs / 60_000) * 60;
  const isClean = async () => (await readMinuteStates(fixture.clickhouse.query, [minute])).get(minute)?.clean === true;
  await waitFor(isClean, { timeoutMs: 60_000, describe: "nothing to recompute" });
  expect(wordOf(await visit())).toBe("equal");
  await fixture.clickhouse.command(
    `INSERT INTO events_per_minute_store SELECT * REPLACE (if(source = '', events, 2) AS events, version + 1 AS version)
     FROM events_per_minute_store FINAL WHERE event_minute IN (SELECT event_minute FROM events_per_minute WHERE event_type = 'app_open')`,
  );
  await waitFor(async () => wordOf(await visit()) === "different", { timeoutMs: 60_000, describe: "a difference" });
}, 120_000);

test("more stored than acknowledged is different, unless its producer was killed before it could say so", async () => {
  const timeMs = Date.now() - 1_200_000;
  const eventOf = (source: string, type: string): TestEvent => ({ id: crypto.randomUUID(), timeMs, source, type });
  const [killed, closed] = [eventOf("mobile", "app_close"), eventOf("lottery", "login")];
  await fixture.produce([messageOf(killed, { instance: "killed" }), messageOf(closed, { instance: "closed" })]);
  await fixture.consume();
  await fixture.ledger([
    ...ledgerOf("killed", [], "open", Date.now() - 60_000),
    ...ledgerOf("closed", [], "closed", Date.now()),
  ]);
  const wordsOf = (rows: readonly LiveRow[]) =>
    [killed, closed].map(({ type }) => rows.find(({ eventType }) => eventType === type)?.comparison);
  expect(wordsOf(await visit())).toEqual(["in_flight", "in_flight"]);
  await waitFor(async () => !wordsOf(await visit()).includes("in_flight"), {
    timeoutMs: 60_000,
    describe: "counts that stand",
  });
  expect(wordsOf(await visit())).toEqual(["unknown", "different"]);
}, 120_000);
