/**
 * Every role of k8s/clickhouse/users.d does the real work of its workers, one after the other on one store, with the
 * grants, profile and quota that are shipped. The embedded engine enforces them as a server does.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { eventMessage, TICKET, waitFor } from "../testkit/index.ts";
import { consoleReads, consoleWrites } from "../testkit/roles/console-visit.ts";
import { dashboardQueries, documentedQueries } from "../testkit/roles/queries.ts";
import { done, RolePipeline } from "../testkit/roles/role-pipeline.ts";

/** Every printable character of ASCII and some others. */
const password = `${String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i))}äß€%41+%2B`;
let pipeline: RolePipeline;
beforeAll(async () => {
  pipeline = await RolePipeline.start({ password });
}, 180_000);
afterAll(() => pipeline?.stop(), 60_000);

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const noon = Math.floor((Date.now() - DAY_MS) / DAY_MS) * DAY_MS + 12 * HOUR_MS;
const ops: RolePipeline["ops"] = (line, env) => pipeline.ops(line, env);
const count = async (from: string) =>
  Number((await pipeline.store.client().query<{ n: string }>(`SELECT count() AS n FROM ${from}`))[0]?.n);

const event = (timeMs: number, fields: Record<string, unknown> = {}) =>
  eventMessage(timeMs, { user_id: "roles", ...fields });

test("migrate: everything from nothing, and a second run finds nothing to do", async () => {
  expect(await pipeline.migrate()).toEqual(done("schema:"));
  const again = await ops("migrate --owner countinghouse_migrate");
  expect(again).toEqual(done("schema: 0 tables created, 0 migrations applied, 0 views defined"));
  expect(again.text).not.toContain("views given");
});

test("insert: late, duplicate and broken events, dead letters and the ledger", async () => {
  const late = event(noon - 3 * DAY_MS, { received_time: new Date(noon).toISOString() });
  const clicks = Array.from({ length: 50 }, (_, i) => event(noon + i * 1000));
  const tickets = Array.from({ length: 20 }, (_, i) => event(noon + i * 60_000, TICKET));
  await pipeline.produce([late, ...clicks, ...clicks.slice(0, 10), ...tickets, late, "{broken"]);
  const simulated =
    "simulate --rate 200 --seconds 3 --seed 1 --late-share 0.1 --late-range 1-2 --malformed-share 0 --drain-held now";
  expect(await pipeline.run("producer", simulated.split(" "))).toMatchObject({ code: 0 });
  await pipeline.consume();
});

test("operate: verify and audit prove it", async () => {
  await pipeline.store.as("operate");
  expect(await count("events WHERE user_id = 'roles'")).toBe(71);
  expect(await count("dead_letters")).toBe(1);
  expect(await count("producer_ledger")).toBeGreaterThan(0);
  await pipeline.expectExact();
});

test("operate: the watch notes its runs", async () => {
  const watch = pipeline.start("ops", ["verify", "--watch", "--interval", "1s", "--audit-every", "1s"]);
  const kinds = async () => await count("(SELECT DISTINCT kind FROM verification_runs WHERE verdict = 'exact')");
  await waitFor(async () => (await kinds()) === 2, { timeoutMs: 60_000, describe: "a verification and an audit" });
  expect(await watch.kill()).toBe(0);
});

test("operate: the console takes alerts and puts a repaired letter back, and so does ops", async () => {
  const [letter] = await pipeline.store
    .client()
    .query<{ at: string }>("SELECT concat(topic, '/', kafka_partition, '/', kafka_offset) AS at FROM dead_letters");
  expect(await ops(`dlq show ${letter?.at}`)).toEqual(done("{broken"));
  expect(await ops("dlq list --json")).toEqual(done("malformed_json"));
  const fixed = join(pipeline.store.dir, "fixed.json");
  await Bun.write(fixed, JSON.stringify(event(noon + 2 * HOUR_MS)));
  expect(await ops(`dlq replay ${letter?.at} --edit ${fixed} --yes`)).toEqual(done("put back: 1"));
  await pipeline.produce(["{broken too"]);
  await pipeline.consume();
  await pipeline.store.as("operate");
  await consoleWrites(pipeline, JSON.stringify(event(noon + HOUR_MS)));
});

test("operate: lists a conflict but may not resolve it; resolve may", async () => {
  const twice = event(noon + 4 * HOUR_MS);
  await pipeline.produce([twice]);
  await pipeline.produce([{ ...twice, event_time: new Date(noon + 5 * HOUR_MS).toISOString() }]);
  await pipeline.consume();
  await pipeline.store.as("operate");
  expect(await ops("conflicts list")).toEqual(done("1 of 1 conflicting"));
  expect(await ops("conflicts resolve --yes")).toEqual({ code: 3, text: expect.stringContaining("privileges") });
  expect(await ops("conflicts list")).toEqual(done("1 of 1 conflicting"));

  await pipeline.store.as("resolve");
  expect(await ops("conflicts resolve --yes")).toEqual(done("resolved 1 of 1"));
  expect(await ops("conflicts list")).toEqual(done("0 of 0 conflicting"));
});

test("operate: a rewind, after which everything is still exact", async () => {
  await pipeline.store.as("operate");
  expect(await ops("rewind --from earliest --yes")).toMatchObject({ code: 0 });
  await pipeline.consume();
  await pipeline.store.as("resolve");
  expect(await ops("conflicts resolve --recorded")).toEqual(done("resolved 1 of 1"));
  await pipeline.expectExact();
});

test("lake: exports every hour and verifies the files", async () => {
  // A directory in place of a bucket; what is granted on a bucket is granted on files. With S3: roles.lake.test.ts.
  await pipeline.store.as("lake", { mutate: (users) => users.replace("GRANT S3 ON", "GRANT FILE ON") });
  const dir = join(pipeline.store.dir, "lake");
  mkdirSync(dir);
  const env = { LAKE_URL: `file://${dir}` };
  expect(await ops("lake export", env)).toEqual(done("exported"));
  expect(await ops("lake verify", env)).toEqual(done("EQUAL"));
});

test("read: every documented query, the dashboards and the console's pages", async () => {
  await pipeline.store.as("read");
  const client = pipeline.store.client();
  const queries = [...documentedQueries(), ...dashboardQueries()];
  expect(queries.length).toBeGreaterThan(30);
  for (const query of queries)
    expect(
      await client.query(query).then(
        () => "",
        (error) => `${query}: ${error}`,
      ),
    ).toBe("");
  expect(await count("events WHERE user_id = 'roles'")).toBe(74);
  await consoleReads(pipeline);
});
