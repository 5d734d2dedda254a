import type { ClickHouse } from "../../workers/shared/clickhouse/client.ts";
import {
  columnText,
  type ExpectedObject,
  type ExpectedSchema,
} from "../../workers/shared/clickhouse/rules/schema-rules.ts";
import { SCHEMA_OBJECTS } from "../../workers/shared/clickhouse/schema/objects.ts";

type ObjectRow = {
  name: string;
  engine: string;
  partition_key: string;
  sorting_key: string;
  target_table: string;
  dependencies_table: string[];
};

const CORE = [...SCHEMA_OBJECTS.map(({ name }) => name), "schema_migrations", "schema_views"];

/**
 * The tables and views that every store has, by name, as the schema rules expect them. What a contract adds is compared with
 * that contract instead.
 */
export async function describeSchema(clickhouse: ClickHouse): Promise<ExpectedSchema> {
  const objects = await clickhouse.query<ObjectRow>(
    `SELECT name, engine, partition_key, sorting_key, target_table, dependencies_table
     FROM system.tables WHERE database = currentDatabase() AND name IN {core:Array(String)} ORDER BY name`,
    { params: { core: CORE } },
  );
  const columns = await clickhouse.query<{ table: string; name: string; type: string; default_kind: string }>(
    "SELECT table, name, type, default_kind FROM system.columns WHERE database = currentDatabase() ORDER BY table, position",
  );
  const refreshed = new Set(
    (
      await clickhouse.query<{ view: string }>(
        "SELECT view FROM system.view_refreshes WHERE database = currentDatabase()",
      )
    ).map(({ view }) => view),
  );
  const sourceOf = (view: string) => objects.find(({ dependencies_table: views }) => views.includes(view))?.name;
  return Object.fromEntries(
    objects.map((object): [string, ExpectedObject] => {
      const { name, engine, partition_key, sorting_key, target_table: target } = object;
      const onInsert = refreshed.has(name) ? undefined : sourceOf(name);
      return [
        name,
        {
          engine,
          ...(partition_key === "" ? {} : { partition_key }),
          ...(sorting_key === "" ? {} : { sorting_key }),
          ...(target === "" ? {} : { target }),
          ...(onInsert === undefined ? {} : { on_insert: onInsert }),
          ...(refreshed.has(name) ? { refreshed: true } : {}),
          columns: Object.fromEntries(
            columns
              .filter(({ table }) => table === name)
              .map(({ name: column, type, default_kind: kind }) => [column, columnText(type, kind)]),
          ),
        },
      ];
    }),
  );
}
