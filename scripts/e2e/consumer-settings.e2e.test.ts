/** The compiled consumer with a login whose profile changes what inserts and queries mean: it stores the same all the same. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventMessage, TICKET } from "../testkit/index.ts";
import { ALL_OTHER_SETTINGS, DEDUPLICATION_WINDOW, OTHER_SETTINGS } from "../testkit/roles/other-servers.ts";
import { RolePipeline } from "../testkit/roles/role-pipeline.ts";

const HOUR_MS = 3_600_000;
const first = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 40 * HOUR_MS;

let pipeline: RolePipeline;
beforeAll(async () => {
  pipeline = await RolePipeline.start();
  expect(await pipeline.migrate()).toMatchObject({ code: 0 });
}, 240_000);
afterAll(() => pipeline?.stop(), 60_000);

/** Sends an hour of its own: clicks, money, copies and what is no event. */
async function produceHour(hourMs: number): Promise<void> {
  const event = (i: number, fields = {}) => eventMessage(hourMs + i * 20_000, fields);
  const clicks = Array.from({ length: 60 }, (_, i) => event(i));
  const tickets = Array.from({ length: 10 }, (_, i) => event(i, TICKET));
  await pipeline.produce([...clicks, ...clicks.slice(0, 15), ...tickets, "{broken"]);
}

const cases = Object.entries(OTHER_SETTINGS);
const server = (name: string) => (name === "insert_deduplicate" ? DEDUPLICATION_WINDOW : {});

test.each(cases.map(([name, settings], i) => [name, settings, i] as const))(
  "%s in its profile",
  async (name, settings, i) => {
    await produceHour(first + i * HOUR_MS);
    await pipeline.consume({ ...server(name), planted: { insert: settings } });
  },
  120_000,
);

test("with all of it, on a server in another time zone that drops repeated blocks: everything once more", async () => {
  await produceHour(first + cases.length * HOUR_MS);
  await pipeline.forgetCommits();
  const zone = { timeZone: "America/New_York" };
  await pipeline.consume({ ...DEDUPLICATION_WINDOW, ...zone, planted: { insert: ALL_OTHER_SETTINGS } });
}, 120_000);

test("every hour shows the same, and is proven", async () => {
  await pipeline.expectExact();
  const client = pipeline.store.client();
  const hours = await client.query(
    `SELECT toUnixTimestamp(event_hour) AS at, sum(events) AS events, sumMap(amounts) AS money
     FROM events_per_hour GROUP BY event_hour ORDER BY at`,
  );
  expect(hours).toEqual(
    Array.from({ length: cases.length + 1 }, (_, i) => ({
      at: first / 1000 + i * 3600,
      events: "70",
      money: { EUR: "25" },
    })),
  );
  const letters = await client.query("SELECT count() AS n FROM dead_letters");
  expect(letters).toEqual([{ n: String(cases.length + 1) }]);
}, 300_000);
