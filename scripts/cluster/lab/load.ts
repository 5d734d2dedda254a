import { waitFor } from "../../testkit/process/wait-for.ts";
import type { Sql } from "../sql.ts";

/** What ClickHouse holds now. */
export type Totals = { stored: number; counted: number; deadLetters: number; duplicates: number };

const SQL = `SELECT (SELECT count() FROM events) AS stored, (SELECT sum(events) FROM events_per_minute) AS counted,
  (SELECT count() FROM dead_letters) AS deadLetters, (SELECT sum(duplicates) FROM duplicates_per_minute) AS duplicates`;

/** Reads the totals. */
export async function totals(sql: Sql): Promise<Totals> {
  const row = JSON.parse(await sql.query(SQL, "JSONEachRow")) as Record<keyof Totals, string | number>;
  const number = (key: keyof Totals) => Number(row[key]);
  return {
    stored: number("stored"),
    counted: number("counted"),
    deadLetters: number("deadLetters"),
    duplicates: number("duplicates"),
  };
}

/** Waits until this many further events are stored: proof that load flows. Returns how many were stored. */
export async function moreEvents(sql: Sql, atLeast: number, timeoutMs: number): Promise<number> {
  const before = await totals(sql);
  let now = before;
  await waitFor(
    async () => {
      now = await totals(sql);
      return now.stored - before.stored >= atLeast;
    },
    {
      timeoutMs,
      intervalMs: 1_000,
      describe: () => `${atLeast} more events in ClickHouse (${now.stored - before.stored} came)`,
    },
  );
  return now.stored - before.stored;
}
