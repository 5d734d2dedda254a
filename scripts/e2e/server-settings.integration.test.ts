/**
 * Servers that are set up otherwise. Each setting is planted in turn in the profile of the role that owns the views, of
 * the one that inserts, and of the one that reads: the figures are the same, or what needs the setting is refused with a
 * line that names it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RELIED_ON } from "../../workers/shared/clickhouse/client.ts";
import { waitFor } from "../testkit/process/wait-for.ts";
import { figuresOf, plainReader, storeDay } from "../testkit/roles/figures.ts";
import { ALL_OTHER_SETTINGS, DEDUPLICATION_WINDOW, OTHER_SETTINGS } from "../testkit/roles/other-servers.ts";
import { documentedQueries } from "../testkit/roles/queries.ts";
import { type RoleOptions, RoleStore } from "../testkit/roles/role-store.ts";

const DAY_MS = 86_400_000;
/** The role that inserts looks at the views itself, so that one process does for a case. */
const mutate = (users: string) =>
  users.replace(
    "<query>GRANT INSERT ON countinghouse.events_raw</query>",
    "$&<query>GRANT SELECT ON countinghouse.*</query>",
  );

/** Distinct events of a day. */
const STORED = 7;
const eventsOf = (rows: readonly unknown[]) =>
  rows.reduce((sum: number, row) => sum + Number((row as { events: string }).events), 0);

let store: RoleStore;
let wanted: unknown[][];
let nextDay = Math.floor(Date.now() / DAY_MS) * DAY_MS - 3 * DAY_MS;
const newDay = () => {
  nextDay -= DAY_MS;
  return nextDay;
};
let firstDay: number;

/** Stores a day as the role that inserts and waits until the views show what they must. */
async function storedDay(changes: RoleOptions): Promise<number> {
  await store.as("insert", { ...changes, mutate });
  const dayMs = newDay();
  await storeDay(store.client(), dayMs);
  await expectFigures(dayMs);
  return dayMs;
}

async function expectFigures(dayMs: number, client = store.client()): Promise<void> {
  let seen: unknown[][] = [];
  const level = async () => {
    seen = await figuresOf(client, dayMs);
    return Bun.deepEquals(seen, wanted);
  };
  await waitFor(level, { timeoutMs: 60_000, intervalMs: 200, describe: "the figures" }).catch(() => undefined);
  expect(seen).toEqual(wanted);
}

beforeAll(async () => {
  store = await RoleStore.create();
  await store.migrate();
  await store.as("insert", { mutate });
  firstDay = newDay();
  await storeDay(store.client(), firstDay);
  const client = store.client();
  const all = async () => (await figuresOf(client, firstDay)).slice(0, 2).every((rows) => eventsOf(rows) === STORED);
  await waitFor(all, { timeoutMs: 60_000, describe: "all events in minutes and hours" });
  wanted = await figuresOf(client, firstDay);
}, 120_000);
afterAll(() => store.remove(), 60_000);

test("the figures without any setting are what was stored", () => {
  const [minutes, , , daily, duplicates, events, ledger, conflicts] = wanted;
  expect(minutes).toMatchObject([
    { at: "0", source: "web", events: "3", unique_users: "2" },
    { at: "3660", source: "lottery", events: "2", amounts: { EUR: "2.5", USD: "1" } },
    { at: "3720", source: "lottery", event_type: "login", events: "1" },
    { at: "86340", source: "web", events: "1", late_events: "1" },
  ]);
  expect(daily).toMatchObject([{ tickets: "2", logins: "1", new_sessions: "1" }]);
  expect(duplicates?.[0]).toMatchObject({ at: "0", received: "4", events: "3", duplicates: "1" });
  expect(events).toEqual([{ n: "7", money: "3.5", last: "86340500" }]);
  expect(ledger).toEqual([{ at: "0", events: "3" }]);
  expect(conflicts).toEqual([{ n: "0" }]);
});

test("every setting that our client sends for the meaning of SQL is planted otherwise", () => {
  const planted = new Set(Object.keys(ALL_OTHER_SETTINGS));
  // How results are written, and what only makes an error of a limit that the profile sets.
  const others = /^(output_format_|date_time_output_format$|offset$|(?!result).*_overflow_mode$)/;
  expect(Object.keys(RELIED_ON).filter((name) => !planted.has(name) && !others.test(name))).toEqual([]);
});

for (const [name, settings] of Object.entries(OTHER_SETTINGS)) {
  describe(name, () => {
    const server = name === "insert_deduplicate" ? DEDUPLICATION_WINDOW : {};
    test("in the owner's profile", async () => {
      await storedDay({ ...server, planted: { migrate: settings } });
    }, 120_000);

    test("in the inserter's profile", async () => {
      await storedDay({ ...server, planted: { insert: settings } });
    }, 120_000);

    test("in the reader's profile", async () => {
      await store.as("read", { ...server, planted: { read: settings } });
      // As people read who send no settings of their own; whose results are cut by their profile reads by our client.
      const reader = name === "limit" ? store.client() : plainReader(store);
      await expectFigures(firstDay, reader);
      for (const query of documentedQueries()) await reader.query(query);
    }, 120_000);
  });
}

test("a server in another time zone", async () => {
  const server = { timeZone: "America/New_York" };
  const dayMs = await storedDay(server);
  await store.as("read", server);
  await expectFigures(dayMs, plainReader(store));
  await expectFigures(firstDay, plainReader(store));
}, 120_000);

describe("a setting that may not be changed", () => {
  const refusal = (name: string) => ({
    code: "CLICKHOUSE_452",
    message: expect.stringContaining(name),
    next: expect.stringContaining("profile"),
    retry: false,
  });

  test("in the owner's profile: migrate says which", async () => {
    const name = "output_format_json_quote_64bit_integers";
    const changes = { planted: { migrate: { [name]: 0 } }, constant: { migrate: [name] } };
    expect(await store.migrate(changes).catch((error) => error)).toMatchObject(refusal(name));
  }, 60_000);

  test("in the inserter's profile: the insert says which", async () => {
    const changes = { planted: { insert: { async_insert: 1 } }, constant: { insert: ["async_insert"] } };
    await store.as("insert", changes);
    expect(await storeDay(store.client(), newDay()).catch((error) => error)).toMatchObject(refusal("async_insert"));
  }, 60_000);

  test("in the reader's profile: the query says which", async () => {
    const name = "output_format_json_quote_64bit_integers";
    await store.as("read", { planted: { read: { [name]: 0 } }, constant: { read: [name] } });
    expect(await figuresOf(store.client(), firstDay).catch((error) => error)).toMatchObject(refusal(name));
  }, 60_000);

  test("to the value it needs: everything goes on", async () => {
    await storedDay({ planted: { insert: { async_insert: 0 } }, constant: { insert: ["async_insert"] } });
  }, 60_000);
});

test("from nothing with all of it in every profile, in another time zone", async () => {
  // A plain reader whose profile cuts results gets them cut.
  const read = { ...ALL_OTHER_SETTINGS, limit: 0, additional_result_filter: "" };
  const planted = { migrate: ALL_OTHER_SETTINGS, insert: ALL_OTHER_SETTINGS, read };
  const other = await RoleStore.create({ planted, timeZone: "Asia/Kolkata", ...DEDUPLICATION_WINDOW });
  const first = store;
  try {
    await other.migrate();
    await other.migrate();
    store = other;
    const dayMs = await storedDay({});
    await other.as("read");
    await expectFigures(dayMs, plainReader(store));
  } finally {
    store = first;
    await other.remove();
  }
}, 120_000);
