import { afterAll, beforeAll, expect, test } from "bun:test";
import { waitFor } from "../../scripts/testkit/index.ts";
import type { EventRow } from "../shared/clickhouse/tables/events-raw.ts";
import { type ConsoleFixture, createConsoleFixture } from "./testing/fixture.ts";
import { sampleEvents } from "./testing/sample-data.ts";

/** What the console answers when too much is asked, counting takes too long, or ClickHouse is away. */
let fixture: ConsoleFixture;
let events: EventRow[];

beforeAll(async () => {
  fixture = await createConsoleFixture();
  const fromMs = (Math.floor(Date.now() / 60_000) - 12) * 60_000;
  events = sampleEvents({ fromMs, minutes: 10, perMinute: () => 40 });
}, 120_000);
afterAll(() => fixture.close());

type Minutes = { rows: { shown: number; stored: number | null; comparison: string }[] };

test("what asks for too much is refused, also as a file", async () => {
  const small = await createConsoleFixture({ QUERY_MAX_ROWS: "100" });
  try {
    await small.storeEvents(events);
    expect((await small.get("/api/v1/events?limit=101")).status).toBe(400);
    expect((await small.get("/api/v1/events?limit=99")).status).toBe(200);
    const minutes = await small.get("/api/v1/events?format=ndjson&limit=99");
    expect((await minutes.text()).trim().split("\n").length).toBe(99);
  } finally {
    await small.close();
  }
}, 60_000);

test("when counting raw events takes too long, the rest is still shown", async () => {
  const slow = await createConsoleFixture({ QUERY_TIMEOUT_SECONDS: "1" });
  try {
    await slow.seed(events);
    const { clickhouse } = slow.db;
    const [view] = await clickhouse.query<{ q: string }>(
      "SELECT as_select AS q FROM system.tables WHERE database = currentDatabase() AND name = 'events'",
    );
    await clickhouse.command("DROP VIEW events");
    await clickhouse.command(
      `CREATE VIEW events AS SELECT * FROM (${view?.q}) WHERE sleepEachRow(0.006) = 0 SETTINGS max_block_size = 50`,
    );
    const { rows } = await slow.json<Minutes>("/api/v1/live/minutes?minutes=60");
    expect(rows.reduce((sum, row) => sum + Number(row.shown), 0)).toBe(events.length);
    expect(new Set(rows.map((row) => `${row.stored} ${row.comparison}`))).toEqual(new Set(["null no_raw"]));
    const page = await slow.get("/?minutes=60");
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("not counted over this range");
    expect((await slow.get("/api/v1/events")).status).toBe(422);
    const search = await slow.get("/events");
    expect(search.status).toBe(422);
    expect(await search.text()).toContain("Choose a shorter time range");
  } finally {
    await slow.close();
  }
}, 120_000);

test("without ClickHouse the answers say so", async () => {
  fixture.proxy.refuse(true);
  try {
    for (const path of [
      "/api/v1/overview",
      "/api/v1/events",
      "/api/v1/events?format=csv",
      "/",
      "/events",
      "/dead-letters",
      "/verification",
      "/alerts",
      "/business",
    ]) {
      const response = await fixture.get(path);
      expect([path, response.status]).toEqual([path, 503]);
      expect(await response.text()).toContain("ClickHouse does not answer");
    }
  } finally {
    fixture.proxy.refuse(false);
  }
  await waitFor(async () => (await fixture.get("/")).status === 200, { describe: "the console to recover" });
}, 60_000);
