import type { ClickHouse } from "./client.ts";
import { quoteIdentifier } from "./quote.ts";
import type { SchemaObject } from "./schema/objects.ts";

type Row = { name: string; definer: string; invoker: number };

const STATED = `SELECT name, definer, position(create_table_query, ' SQL SECURITY INVOKER ') > 0 AS invoker
FROM system.tables
WHERE database = currentDatabase() AND engine IN ('View', 'MaterializedView')`;

/**
 * Sees to it that each view runs with the rights its file says: those that the pipeline runs with the rights of `owner`,
 * those that are read with the rights of whoever reads them. A view on inserts that says nothing runs with the rights of
 * the inserter, who may read no table; an owner who is gone stops inserts and refreshes (code 192). Changed in place, so
 * nothing is missed meanwhile. Other views of the database are left alone.
 * @param owner name of a ClickHouse user; for another than the one connected that one needs `GRANT SET DEFINER`.
 * @returns the names of the views that were changed.
 */
export async function reassertViewSecurity(
  clickhouse: ClickHouse,
  objects: readonly SchemaObject[],
  owner: string,
): Promise<string[]> {
  const stated = new Map((await clickhouse.query<Row>(STATED)).map((row) => [row.name, row]));
  const wrong = objects.filter(({ name, kind }) => {
    const row = stated.get(name);
    if (row === undefined) return false;
    return kind === "view" ? row.invoker === 0 : row.definer !== owner;
  });
  for (const { name, kind } of wrong) {
    const security =
      kind === "view" ? "SQL SECURITY INVOKER" : `DEFINER = ${quoteIdentifier(owner)} SQL SECURITY DEFINER`;
    await clickhouse.command(`ALTER TABLE ${quoteIdentifier(name)} MODIFY ${security}`);
  }
  return wrong.map(({ name }) => name);
}

/** The user that is connected, as ClickHouse names it. */
export async function currentUser(clickhouse: ClickHouse): Promise<string> {
  const [row] = await clickhouse.query<{ user: string }>("SELECT currentUser() AS user");
  return row?.user ?? "default";
}
