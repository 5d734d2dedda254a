import { createClickHouse, INSERT_SETTINGS, RELIED_ON } from "../../shared/clickhouse/client.ts";
import { readSettings, settingFindings, settingNames } from "../../shared/clickhouse/rules/setting-rules.ts";
import type { Finding } from "../../shared/runtime/finding.ts";
import type { Check, Outcome } from "./check.ts";
import { ifAllowed, limited, type Session } from "./session.ts";

/** What the login's profiles and the server's defaults change about our statements. */
export function settingChecks(session: Session): Check[] {
  return [
    { name: "settings", needs: ["clickhouse"], run: () => checkSettings(session) },
    { name: "insert deduplication", needs: ["clickhouse"], run: () => checkDeduplication(session) },
  ];
}

async function checkSettings({ config, role }: Session): Promise<Outcome> {
  // Readers insert nothing: what their profile says of inserts is their business.
  const sent = role === "read" ? RELIED_ON : { ...RELIED_ON, ...INSERT_SETTINGS };
  // A client that sends no settings shows what the profile has.
  const bare = createClickHouse(limited(config), { settings: {} });
  try {
    const findings = settingFindings(config.CLICKHOUSE_USER, await readSettings(bare, settingNames(sent)), sent);
    return { found: `nothing in the profile of ${config.CLICKHOUSE_USER} changes what our SQL means`, findings };
  } finally {
    await bare.close();
  }
}

const WINDOW = `SELECT engine NOT LIKE 'Replicated%' AND engine NOT LIKE 'Shared%' AS single,
  extract(engine_full, 'non_replicated_deduplication_window = ([0-9]+)') AS window
FROM system.tables WHERE database = currentDatabase() AND name = 'events_raw'`;
/** For tables that say nothing themselves. */
const SERVER_WINDOW = "SELECT value FROM system.merge_tree_settings WHERE name = 'non_replicated_deduplication_window'";

/**
 * A table with a deduplication window drops an insert whose block it has seen before, and a repeated insert never gets the
 * marks that failed. The consumer's inserts switch it off; those of anybody else do not. Replicated tables always have one:
 * there it is no finding.
 */
async function checkDeduplication({ clickhouse }: Session): Promise<Outcome> {
  const [table] = await clickhouse.query<{ single: number; window: string }>(WINDOW);
  if (table === undefined) return { skipped: "there is no events_raw, or this login may not see it" };
  if (table.single === 0)
    return { found: "events_raw is replicated; the consumer's inserts are not dropped", findings: [] };
  const server = await ifAllowed(() => clickhouse.query<{ value: string }>(SERVER_WINDOW));
  const window = Number(table.window || server?.[0]?.value || "0");
  if (window === 0) return { found: "events_raw drops no insert", findings: [] };
  const finding: Finding = {
    code: "INSERT_DEDUPLICATION",
    severity: "warning",
    found: `events_raw has non_replicated_deduplication_window = ${window}: inserts of others than the consumer are dropped where they repeat a block`,
    next: "ALTER TABLE events_raw MODIFY SETTING non_replicated_deduplication_window = 0",
  };
  return { found: "", findings: [finding] };
}
