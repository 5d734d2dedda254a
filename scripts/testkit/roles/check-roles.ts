import type { ClickHouse } from "../../../workers/shared/clickhouse/client.ts";
import {
  DEAD_LETTERS_COLUMNS,
  DEAD_LETTERS_TABLE,
  encodeDeadLetterRows,
} from "../../../workers/shared/clickhouse/tables/dead-letters.ts";
import { errorMessage } from "../../../workers/shared/runtime/errors.ts";
import { eventRow, insertEventRows } from "../event-rows.ts";
import { WaitTimeoutError, waitFor } from "../process/wait-for.ts";
import { rightsFindings } from "./rights.ts";
import type { RoleOptions, RoleStore } from "./role-store.ts";
import { shippedUsers, userOf } from "./users-config.ts";

const HOUR_MS = 3_600_000;
let lookedAt = 0;
/** How long the views may take, ms. */
const VIEWS_MS = 15_000;

/**
 * What is wrong with a migrated store and its users, one line each; nothing where all is well. Two processes: the role
 * that inserts stores events, the one that operates looks whether the views show them, and with whose rights they run.
 */
export async function checkRoles(store: RoleStore, changes: RoleOptions = {}): Promise<string[]> {
  const mutate = changes.mutate ?? ((text: string) => text);
  const findings = rightsFindings(mutate(shippedUsers()));
  await store.as("insert", changes);
  // Hours of its own for each look at a store, days ago and within the retention.
  const hour = (Math.floor(Date.now() / HOUR_MS) - 24 - 3 * lookedAt++) * HOUR_MS;
  const [events, letters] = await insertsOf(store.client(), hour);
  await store.as("operate", changes);
  const client = store.client();
  findings.push(...events, ...letters, ...(await ownersOf(client)));
  // Nothing is waited for that was never stored.
  if (events.length === 0) findings.push(...(await figuresOf(client, hour)));
  return findings;
}

async function insertsOf(client: ClickHouse, hour: number): Promise<[events: string[], letters: string[]]> {
  const events = [0, 1, 61].map((minute, kafkaOffset) =>
    eventRow({ eventId: crypto.randomUUID(), eventTimeMs: hour + minute * 60_000, kafkaOffset }),
  );
  const empty = new Uint8Array();
  const letter = { topic: "events", partition: 0, offset: 1, appendTimeMs: hour, payloadHash: 1n, headersJson: "{}" };
  const letters = [{ ...letter, errorClass: "malformed_json", reason: "", key: empty, payload: empty }];
  return Promise.all([
    failure("events", insertEventRows(client, events)),
    failure("letters", client.insert(DEAD_LETTERS_TABLE, DEAD_LETTERS_COLUMNS, encodeDeadLetterRows(letters))),
  ]);
}

const failure = (what: string, work: Promise<unknown>): Promise<string[]> =>
  work.then(
    () => [],
    (error) => [`insert: ${what} are refused: ${errorMessage(error)}; ${error.next}`],
  );

/** Views on inserts and refreshes that do not run with the rights of the role that migrates. */
async function ownersOf(client: ClickHouse): Promise<string[]> {
  const views = await client.query<{ name: string; definer: string }>(
    "SELECT name, definer FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView'",
  );
  const wrong = views.filter(({ definer }) => definer !== userOf("migrate"));
  return wrong.map(({ name, definer }) => `${name}: runs with the rights of ${definer || "whoever inserts"}`);
}

/** Three events, one of them in the next hour, as the views must show them. */
async function figuresOf(client: ClickHouse, hour: number): Promise<string[]> {
  const wanted = { minutes: "3", hours: "3", stored: "3" };
  const params = { from: hour / 1000, to: hour / 1000 + 7_199 };
  const inRange = (column: string) => `toUnixTimestamp(${column}) BETWEEN {from:UInt32} AND {to:UInt32}`;
  const sql = `SELECT
    (SELECT sum(events) FROM events_per_minute WHERE ${inRange("event_minute")}) AS minutes,
    (SELECT sum(events) FROM events_per_hour WHERE ${inRange("event_hour")}) AS hours,
    (SELECT count() FROM events WHERE ${inRange("event_time")}) AS stored`;
  let seen: unknown;
  const level = async () => {
    [seen] = await client.query(sql, { params });
    return Bun.deepEquals(seen, wanted);
  };
  try {
    await waitFor(level, { timeoutMs: VIEWS_MS, intervalMs: 200, describe: "the views" });
    return [];
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) return [`operate: the views cannot be read: ${errorMessage(error)}`];
    const broken = await client.query<{ view: string; exception: string }>(
      "SELECT view, exception FROM system.view_refreshes WHERE database = currentDatabase() AND exception != ''",
    );
    const reasons = broken.map(({ view, exception }) => `${view}: ${exception.slice(0, 300)}`);
    return [`the views show ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`, ...reasons];
  }
}
