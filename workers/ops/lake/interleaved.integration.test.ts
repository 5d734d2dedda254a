import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";
import {
  allPairs,
  createIncidents,
  createInterleaver,
  hookedClickHouse,
  type Incidents,
  produceHistory,
} from "../testing/incidents.ts";
import { silentIo } from "../testing/io.ts";
import { FileTarget } from "./file-target.ts";
import { objectKey } from "./layout.ts";
import type { LakeTarget } from "./target.ts";
import { runLakeVerify } from "./verify-command.ts";

/**
 * As with the other proofs: between any two reads of `ops lake verify`, of the store and of the files, something happens. What
 * was stored or dropped meanwhile waits for its export, and is no difference; a file that is wrong is one, whatever happens.
 */

let fixture: OpsFixture;
let incidents: Incidents;
/** Days that can leave the retention: as many as the sequences below need. */
const OLDEST = 14;
const dir = mkdtempSync(join(tmpdir(), "countinghouse-lake-interleaved-"));
const spoiledMs = Date.now() - 2 * 86_400_000;

/** So many in one run: the more, the longer it takes. */
const MOST = 8;
const exported = () => fixture.run(["lake", "export"]);

beforeAll(async () => {
  fixture = await createOpsFixture("lake_interleaved");
  fixture.env.LAKE_URL = `file://${dir}`;
  const { recent } = await produceHistory(fixture, OLDEST);
  const [copied] = recent;
  if (copied === undefined) throw new Error("none");
  // The events of the file that will be spoiled.
  const pair = [0, 1].map(() => ({ id: crypto.randomUUID(), timeMs: spoiledMs, source: "web", type: "click" }));
  await fixture.produce(pair.map((event) => messageOf(event)));
  // No hour knows of an event before the views have run.
  await fixture.clickhouse.command("SYSTEM STOP VIEW events_per_hour_refresh");
  await fixture.consume();
  incidents = { ...createIncidents(fixture, copied, OLDEST), "an export": exported };
}, 180_000);
afterAll(async () => {
  await fixture.close();
  rmSync(dir, { recursive: true, force: true });
});

/** What `ops lake verify --allow-pending 1h` says of the days from this time on, with something before its reads. */
async function verify(happen: () => Promise<void>, from = 0): Promise<string> {
  const target = new FileTarget({ kind: "file", dir: `${dir}/` }, { clickhouse: fixture.clickhouse });
  const hooked: LakeTarget = {
    name: target.name,
    list: async (prefix) => {
      await happen();
      return target.list(prefix);
    },
    read: async <Row extends object>(glob: string, list: string) => {
      await happen();
      return target.read<Row>(glob, list);
    },
    write: (slot, select) => target.write(slot, select),
    query: (key, sql, params) => target.query(key, sql, params),
    probe: () => target.probe(),
    remove: (keys) => target.remove(keys),
  };
  let said = "";
  const io = silentIo(fixture.env, {
    out: (text) => {
      said += text;
    },
  });
  const clickhouse = hookedClickHouse(fixture.clickhouse, happen);
  const code = await runLakeVerify({ io, clickhouse, target: hooked }, { from, retries: 0, allowPending: 3_600_000 });
  expect(code === 0).toBe(said.includes("EQUAL: "));
  return said;
}

/** The views run, and the lake is as the store: where each of the tests below begins, also by itself. */
async function begin(): Promise<void> {
  await fixture.clickhouse.command("SYSTEM START VIEW events_per_hour_refresh");
  await untilEqual();
}

/** Left alone, and once its views have caught up, the lake is brought up to date and equal without any leave. */
async function untilEqual(): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    await exported();
    const { code, out } = await fixture.run(["lake", "verify"]);
    if (code === 0) return;
    if (attempt === 20) throw new Error(`the lake does not come to equal the store:\n${out}`);
    await Bun.sleep(1_000);
  }
}

test("events that no hour knows of yet are not passed: the lake lacks them", async () => {
  const empty = await fixture.run(["lake", "verify"]);
  expect(empty).toMatchObject({ code: 1, out: expect.stringContaining("no object") });
  await begin();
}, 120_000);

test("what an hour has yet to take in waits for its export, and is no difference", async () => {
  const timeMs = Date.now() - 25 * 3_600_000;
  const send = async () => {
    await fixture.produce([messageOf({ id: crypto.randomUUID(), timeMs, source: "web", type: "click" })]);
    await fixture.consume();
  };
  await send();
  await begin();
  await fixture.clickhouse.command("SYSTEM STOP VIEW events_per_hour_refresh");
  await send();
  expect(await verify(async () => undefined)).toMatch(/EQUAL: /);
  await begin();
}, 120_000);

test("whatever happens between its reads, one or two after each other, a lake that is right is never called DIFFERENT", async () => {
  await begin();
  const coming = allPairs(Object.keys(incidents));
  const [allDays, today] = [0, 1].map(() => createInterleaver(incidents, coming, MOST));
  while (coming.length > 0) {
    // Most of what happens is of today: the whole range, and its reads alone, by turns.
    for (const [nextRun, from] of [
      [allDays, 0],
      [today, Date.now()],
    ] as const) {
      const next = coming.slice(0, 2 * MOST);
      if (nextRun === undefined || next.length === 0) continue;
      const said = await verify(nextRun(), from);
      expect({ next, said }).toEqual({ next, said: expect.stringMatching(/EQUAL: /) });
    }
  }
  await untilEqual();
}, 600_000);

test("whatever happens between its reads, a file that lacks an event is never passed", async () => {
  await begin();
  const file = join(dir, objectKey(Math.floor(spoiledMs / 3_600_000) * 3_600, "web"));
  await fixture.clickhouse.command(
    `INSERT INTO FUNCTION file('${join(dir, "short.parquet")}', 'Parquet') SELECT * FROM file('${file}', 'Parquet') ORDER BY event_id LIMIT 1
     SETTINGS use_hive_partitioning = 0, output_format_parquet_string_as_string = 1`,
  );
  renameSync(file, join(dir, "whole.parquet"));
  renameSync(join(dir, "short.parquet"), file);
  const names = Object.keys(incidents).filter((name) => name !== "an export");
  const coming = [...names, ...names.toReversed()];
  const nextRun = createInterleaver(incidents, coming, MOST);
  while (coming.length > 0) expect(await verify(nextRun())).toContain("2 stored, 1 in the lake");
  renameSync(join(dir, "whole.parquet"), file);
  await untilEqual();
}, 300_000);
