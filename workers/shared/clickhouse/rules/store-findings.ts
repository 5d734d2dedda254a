import type { Finding } from "../../runtime/finding.ts";
import type { ClickHouse, Settings } from "../client.ts";
import { readSchema, schemaFindings } from "./schema-rules.ts";
import { readSettings, settingFindings, settingNames } from "./setting-rules.ts";

/**
 * What of tables, views and the login's settings would make figures wrong, in the words of `ops doctor`.
 * @param work the login, the tables it deals with (default: all), and the settings that its requests send.
 * @throws AppError `CLICKHOUSE_…` when the store cannot be asked.
 */
export async function storeFindings(
  clickhouse: Pick<ClickHouse, "query">,
  { user, tables, sent }: { user: string; tables?: readonly string[]; sent: Settings },
): Promise<Finding[]> {
  const schema = schemaFindings(await readSchema(clickhouse), tables);
  return [...schema, ...settingFindings(user, await readSettings(clickhouse, settingNames(sent)), sent)];
}
