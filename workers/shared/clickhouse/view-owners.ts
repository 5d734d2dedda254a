import type { ClickHouse } from "./client.ts";

type View = { name: string; engine: "View" | "MaterializedView"; definer: string; invoker: boolean };

const VIEWS = `SELECT name, engine, definer, position(create_table_query, ' SQL SECURITY INVOKER ') > 0 AS invoker
FROM system.tables
WHERE database = currentDatabase() AND engine IN ('View', 'MaterializedView')
ORDER BY name`;

/**
 * Says of every view with whose rights it runs, where it does not say so already: materialized ones, which the pipeline
 * runs, with those of `owner`; plain ones with those of whoever reads them. A view that says nothing runs on inserts with
 * the rights of the inserter, who may read no table; one whose owner is gone stops inserts and refreshes (code 192).
 * @param owner name of a ClickHouse user; by default the one that is connected. Another needs `GRANT SET DEFINER`.
 * @returns the names of the views that were changed.
 */
export async function reassertViewOwners(clickhouse: ClickHouse, owner?: string): Promise<string[]> {
  const wanted = owner ?? (await currentUser(clickhouse));
  const views = await clickhouse.query<View>(VIEWS);
  const wrong = views.filter((view) => (view.engine === "View" ? !view.invoker : view.definer !== wanted));
  for (const { name, engine } of wrong) {
    const security =
      engine === "View" ? "SQL SECURITY INVOKER" : `DEFINER = ${quoteIdentifier(wanted)} SQL SECURITY DEFINER`;
    await clickhouse.command(`ALTER TABLE ${quoteIdentifier(name)} MODIFY ${security}`);
  }
  return wrong.map(({ name }) => name);
}

async function currentUser(clickhouse: ClickHouse): Promise<string> {
  const [row] = await clickhouse.query<{ user: string }>("SELECT currentUser() AS user");
  return row?.user ?? "default";
}

/** A name in backquotes, whatever it holds. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}
