import type { Finding } from "../../runtime/finding.ts";
import type { ClickHouse } from "../client.ts";
import expected from "../schema/expected.json" with { type: "json" };

/** The error code of a table whose columns are not the schema's: its values would be converted, refused or cut. */
export const COLUMN_TYPE = "CLICKHOUSE_COLUMN_TYPE";

/** A table or view as the migrations make it, see `scripts/generate/expected-schema.ts`. */
export type ExpectedObject = {
  engine: string;
  partition_key?: string;
  sorting_key?: string;
  /** Of a materialized view: the table it fills. */
  target?: string;
  /** Of a materialized view that runs on inserts: the table whose inserts it sees. */
  on_insert?: string;
  /** True of a view that the engine refreshes by itself. */
  refreshed?: boolean;
  /** Type by name, with the kind of default before it where there is one; of views the names only. */
  columns: Readonly<Record<string, string>>;
};

/** All tables and views by name. */
export type ExpectedSchema = Readonly<Record<string, ExpectedObject>>;

/** What the migrations that are compiled into this binary create. */
export const EXPECTED_SCHEMA: ExpectedSchema = expected;

/** A table or view as the server has it. */
export type ActualObject = {
  name: string;
  engine: string;
  partitionKey: string;
  sortingKey: string;
  /** Materialized views that run on its inserts. */
  insertViews: readonly string[];
  columns: ReadonlyMap<string, string>;
};

const OBJECTS = `SELECT name, engine, partition_key, sorting_key, dependencies_table
FROM system.tables WHERE database = currentDatabase()`;
const COLUMNS = `SELECT table, name, type, default_kind
FROM system.columns WHERE database = currentDatabase() ORDER BY table, position`;

/** Tables, views and columns of the database that this login may see. @throws AppError `CLICKHOUSE_…`. */
export async function readSchema(clickhouse: Pick<ClickHouse, "query">): Promise<ActualObject[]> {
  const [objects, columns] = await Promise.all([
    clickhouse.query<{
      name: string;
      engine: string;
      partition_key: string;
      sorting_key: string;
      dependencies_table: string[];
    }>(OBJECTS),
    clickhouse.query<{ table: string; name: string; type: string; default_kind: string }>(COLUMNS),
  ]);
  const byTable = Map.groupBy(columns, ({ table }) => table);
  return objects.map((object) => ({
    name: object.name,
    engine: object.engine,
    partitionKey: object.partition_key,
    sortingKey: object.sorting_key,
    insertViews: object.dependencies_table,
    columns: new Map(
      (byTable.get(object.name) ?? []).map(({ name, type, default_kind: kind }) => [name, columnText(type, kind)]),
    ),
  }));
}

/** `UUID`, or `MATERIALIZED Date` for a column with a default. */
export function columnText(type: string, defaultKind: string): string {
  return defaultKind === "" ? type : `${defaultKind} ${type}`;
}

const MIGRATE = "run `ops migrate`";

/**
 * Compares the database with what the migrations make. More than they make (tables of others, columns of a newer or a
 * declared schema) is left alone. A view's column types are not compared: they follow from its tables and the server.
 * @param tables names to look at; a login without rights on the others does not see them. Default: all.
 */
export function schemaFindings(
  actual: readonly ActualObject[],
  tables: readonly string[] = Object.keys(EXPECTED_SCHEMA),
  schema: ExpectedSchema = EXPECTED_SCHEMA,
): Finding[] {
  const byName = new Map(actual.map((object) => [object.name, object]));
  return tables.flatMap((name) => {
    const wanted = schema[name];
    const found = byName.get(name);
    if (wanted === undefined) return [];
    if (found === undefined) return [missing(name, wanted)];
    return [
      ...engineFindings(name, wanted, found),
      ...columnFindings(name, wanted, found),
      ...insertViewFindings(found, schema),
    ];
  });
}

function missing(name: string, { engine }: ExpectedObject): Finding {
  const isView = isViewEngine(engine);
  return {
    code: isView ? "VIEW_MISSING" : "TABLE_MISSING",
    severity: "wrong",
    found: `there is no ${isView ? "view" : "table"} ${name}, or this login may not see it`,
    next: isView ? MIGRATE : "run `ops migrate`; if it was dropped, restore it from a backup",
  };
}

function engineFindings(name: string, wanted: ExpectedObject, found: ActualObject): Finding[] {
  // A replicated or shared table does the same.
  const engine = found.engine.replace(/^(Replicated|Shared)(?=.*MergeTree$)/, "");
  const order = { wanted: wanted.sorting_key ?? "", found: found.sortingKey };
  const differences: [what: string, wanted: string, found: string][] = [
    ["engine", wanted.engine, engine],
    // One that goes on behind what is expected is of a newer version.
    ["ORDER BY", order.wanted, isExtended(order.wanted, order.found) ? order.wanted : order.found],
    ["PARTITION BY", wanted.partition_key ?? "", found.partitionKey],
  ];
  return differences
    .filter(([, before, now]) => before !== now)
    .map(([what, before, now]) => ({
      code: "TABLE_DIFFERS",
      severity: "wrong",
      found: `${name} has ${what} ${now || "(none)"} instead of ${before || "(none)"}`,
      next:
        what === "ORDER BY" && isExtended(now, before)
          ? MIGRATE
          : "it cannot be altered: create the table anew as the schema has it, and bring its rows over (`ops rewind`)",
    }));
}

/** Whether a sorting key begins with the whole of another, which migrations may extend. */
const isExtended = (before: string, after: string) => before !== "" && after.startsWith(`${before}, `);

function columnFindings(name: string, wanted: ExpectedObject, found: ActualObject): Finding[] {
  const isView = isViewEngine(wanted.engine);
  return Object.entries(wanted.columns).flatMap(([column, type]): Finding[] => {
    const actual = found.columns.get(column);
    if (actual === undefined) {
      return [
        {
          code: isView ? "VIEW_DIFFERS" : COLUMN_TYPE,
          severity: "wrong",
          found: `${name} has no column ${column} (${type})`,
          next: isView
            ? MIGRATE
            : `${MIGRATE}; if it is still missing, ALTER TABLE ${name} ADD COLUMN ${column} ${type}`,
        },
      ];
    }
    if (isView || plainType(actual) === plainType(type)) return [];
    return [
      {
        code: COLUMN_TYPE,
        severity: "wrong",
        found: `${name}.${column} is ${actual} instead of ${type}`,
        next: `ALTER TABLE ${name} MODIFY COLUMN ${column} ${type}`,
      },
    ];
  });
}

/** Without these views rows are stored that no minute and no proof ever hears of. */
function insertViewFindings(found: ActualObject, schema: ExpectedSchema): Finding[] {
  return Object.entries(schema)
    .filter(([view, { on_insert }]) => on_insert === found.name && !found.insertViews.includes(view))
    .map(([view]) => ({
      code: "INSERT_VIEW_MISSING",
      severity: "wrong",
      found: `no view ${view} sees the inserts into ${found.name}: its rows would not be counted`,
      next: `stop the consumers, ${MIGRATE}, then \`ops rewind\` to before the view was dropped`,
    }));
}

/** How a type is stored does not change its values. */
const plainType = (type: string) => /^LowCardinality\((.*)\)$/.exec(type)?.[1] ?? type;

const isViewEngine = (engine: string) => engine === "View" || engine === "MaterializedView";
