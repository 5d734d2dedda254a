import { afterAll, beforeAll, expect, test } from "bun:test";
import { healthUrl, metricSum, type RunningWorker, startWorker, waitFor } from "../../../scripts/testkit/index.ts";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import { ledgerOf, messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";

/** The watch as a process of its own, against the real broker and engine. */

let fixture: OpsFixture;
let rows: EventRow[];
const running: RunningWorker[] = [];
const events = testEvents(200, Date.now() - 5_000);

beforeAll(async () => {
  fixture = await createOpsFixture("watch");
  await fixture.ledger(ledgerOf("p1", events, "closed", Date.now()));
  await fixture.produce(events.map((event) => messageOf(event, { instance: "p1" })));
  await fixture.produce(events.slice(0, 20).map((event) => messageOf(event, { instance: "p1" })));
  await fixture.produce([{ value: "not json" }]);
  ({ rows } = await fixture.consume());
  // A lake that was exported to once, long ago: every hour waits for it.
  await fixture.clickhouse.command(
    "INSERT INTO lake_runs (lake, command, started_at, finished_at, outcome, hours, remaining) SELECT 's3://lake', 'export', now64(3) - 7200, now64(3) - 7200, 0, 0, 0",
  );
}, 90_000);
afterAll(async () => {
  await Promise.all(running.map((worker) => worker.kill("SIGKILL")));
  await fixture.close();
});

async function startWatch(env: Record<string, string> = {}) {
  const args = ["verify", "--watch", "--interval", "300ms", "--settle", "2s", "--wait", "10s", "--audit-every", "1h"];
  const worker = startWorker({ entry: "workers/ops/main.ts", args, env: { ...fixture.env, HEALTH_PORT: "0", ...env } });
  running.push(worker);
  const url = await healthUrl(worker);
  const value = (series: string) => metricSum(worker, `countinghouse_${series}`);
  const until = (series: string, wanted: number) =>
    waitFor(async () => (await value(series)) === wanted, { timeoutMs: 60_000, describe: `${series} = ${wanted}` });
  return { worker, url, value, until };
}

const DIFFERENT = 'verification_verdict{kind="verify",verdict="different"}';
const EXACT = 'verification_verdict{kind="verify",verdict="exact"}';
const MISSING = 'verification_missing_events{kind="verify"}';

test("a planted defect shows in metrics and rows, outlives a restart, and clears when it is fixed", async () => {
  const startedS = Date.now() / 1000;
  let watch = await startWatch();
  await watch.until(EXACT, 1);
  await watch.until('verification_verdict{kind="audit",verdict="exact"}', 1);
  expect(await watch.value(MISSING)).toBe(0);
  expect(await watch.value("verification_stored_events")).toBe(200);
  expect(await watch.value("verification_produced_events")).toBe(200);
  expect(await watch.value("verification_duplicate_events")).toBe(20);
  expect(await watch.value('verification_dead_letters{class="malformed_json"}')).toBe(1);
  for (const kind of ["verify", "audit"]) {
    const proven = await watch.value(`verification_proven_until_timestamp_seconds{kind="${kind}"}`);
    const ended = await watch.value(`verification_last_run_timestamp_seconds{kind="${kind}"}`);
    expect(proven).toBeGreaterThanOrEqual(startedS);
    expect(ended).toBeGreaterThanOrEqual(proven ?? Number.NaN);
  }
  expect(await watch.value("store_up")).toBe(1);
  const newestS = Math.max(...rows.map((row) => row.eventTimeMs)) / 1000;
  expect(await watch.value("store_newest_event_timestamp_seconds")).toBe(newestS);
  expect(await watch.value('store_view_failing{view="events_per_minute_refresh"}')).toBe(0);
  await watch.until("store_dirty_minutes", 0);
  const pending = async () => (await watch.value('lake_pending_hours{lake="s3://lake"}')) ?? 0;
  await waitFor(async () => (await pending()) >= 1, { timeoutMs: 30_000, describe: "hours that wait for the lake" });
  expect(await watch.value('lake_last_export_timestamp_seconds{lake="s3://lake"}')).toBeLessThan(startedS - 7000);
  expect((await fetch(`${watch.url}/readyz`)).status).toBe(200);

  const [victim] = rows;
  if (victim === undefined) throw new Error("no rows");
  await fixture.clickhouse.command(
    "ALTER TABLE events_raw DELETE WHERE event_id = {id:UUID} SETTINGS mutations_sync = 2",
    { params: { id: victim.eventId } },
  );
  await watch.until(DIFFERENT, 1);
  expect(await watch.value(MISSING)).toBe(1);
  // The row follows the metric.
  const recorded = await waitFor(
    async () => {
      const [row] = await fixture.clickhouse.query<{ verdict: string; missing: string; details: string }>(
        "SELECT verdict, missing, details FROM verification_runs FINAL WHERE kind = 'verify' ORDER BY run_at DESC LIMIT 1",
      );
      return row?.verdict === "different" && row;
    },
    { timeoutMs: 10_000, describe: "the row of the run" },
  );
  expect(recorded.missing).toBe("1");
  expect(JSON.parse(recorded.details)).toMatchObject({ verdict: "DIFFERENT" });

  expect(await watch.worker.kill()).toBe(0);
  watch = await startWatch();
  // Before its own first run has ended: settling a difference takes seconds.
  await waitFor(async () => (await watch.value(DIFFERENT)) === 1, { timeoutMs: 3_000 });

  await fixture.storeEvents([victim]);
  await watch.until(EXACT, 1);
  expect(await watch.value(DIFFERENT)).toBe(0);
  expect(await watch.value(MISSING)).toBe(0);
  expect(await watch.worker.kill()).toBe(0);
}, 180_000);

test("a store that does not answer fails the run, not the watch", async () => {
  const watch = await startWatch({ CLICKHOUSE_URL: "http://127.0.0.1:9" });
  await watch.until("store_up", 0);
  const failed = 'verification_failed_runs_total{kind="verify",code="CLICKHOUSE_UNREACHABLE"}';
  await waitFor(async () => ((await watch.value(failed)) ?? 0) >= 2, { timeoutMs: 60_000 });
  expect((await fetch(`${watch.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${watch.url}/livez`)).status).toBe(200);
  expect(await watch.worker.kill()).toBe(0);
}, 90_000);

test("options that make no sense together are refused", async () => {
  expect((await fixture.run(["verify", "--watch", "--json"])).code).toBe(2);
});
