import { AppError } from "../../runtime/errors.ts";
import type { Finding } from "../../runtime/finding.ts";
import { type ClickHouse, INSERT_SETTINGS } from "../client.ts";

const NO_ROWS = "INSERT INTO events_raw (event_id) SELECT generateUUIDv4() WHERE 0";
/** The server's code for an unknown user: here the owner of a view, as the login was taken. */
const UNKNOWN_USER = "CLICKHOUSE_192";

/**
 * Inserts no rows, with the settings of the workers' inserts: the server builds the way through the views all the same, and
 * so names a missing table, column or owner before any row is stored. Whether a view may read what it needs is asked only
 * when rows come (497): logins that see the views' text tell that, `ops migrate` fixes it.
 * @throws AppError what passes by itself (retry true).
 */
export async function probeInsert(clickhouse: Pick<ClickHouse, "command">): Promise<Finding[]> {
  try {
    await clickhouse.command(NO_ROWS, { settings: INSERT_SETTINGS });
    return [];
  } catch (error) {
    if (!(error instanceof AppError) || error.retry) throw error;
    const { code, message, next = "see what the message names" } = error;
    if (code === UNKNOWN_USER) return [ownerGone(`an insert into events_raw: ${message}`)];
    return [{ code, severity: "wrong", found: `an insert into events_raw: ${message}`, next }];
  }
}

/** What is said of a view whose owner does not exist. */
export const ownerGone = (found: string): Finding => ({
  code: "DEFINER_MISSING",
  severity: "wrong",
  found: `${found}; the owner of a view does not exist, and inserts and refreshes fail`,
  next: "run `ops migrate`, which sets the owners of all views, or create the user again",
});
