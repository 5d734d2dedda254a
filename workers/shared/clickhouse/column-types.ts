import { AppError } from "../runtime/errors.ts";
import type { ClickHouse } from "./client.ts";

/** The error code of a table whose columns are not the schema's: its values would be converted, refused or cut. */
export const COLUMN_TYPE = "CLICKHOUSE_COLUMN_TYPE";

/** A column that is not as the schema has it. `actual` is undefined where there is no such column. */
export type ColumnMismatch = { column: string; expected: string; actual: string | undefined };

/** How a type is stored does not change its values. */
export const plainType = (type: string) => /^LowCardinality\((.*)\)$/.exec(type)?.[1] ?? type;

/** Columns of a table of the current database that have another type than expected, or are missing. */
export async function findColumnMismatches(
  clickhouse: Pick<ClickHouse, "query">,
  table: string,
  expected: Iterable<readonly [string, string]>,
): Promise<ColumnMismatch[]> {
  const rows = await clickhouse.query<{ name: string; type: string }>(
    "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}",
    { params: { table } },
  );
  const types = new Map(rows.map(({ name, type }) => [name, type]));
  return [...expected].flatMap(([column, type]) => {
    const actual = types.get(column);
    return actual !== undefined && plainType(actual) === plainType(type) ? [] : [{ column, expected: type, actual }];
  });
}

/** @throws AppError {@link COLUMN_TYPE} with the statement that mends it. */
export function assertColumnTypes(table: string, [first, ...others]: readonly ColumnMismatch[]): void {
  if (first === undefined) return;
  const { column, expected, actual } = first;
  const more = others.length === 0 ? "" : ` (and ${others.map((other) => other.column).join(", ")})`;
  const message =
    actual === undefined
      ? `${table} has no column ${column}${more}`
      : `${table}.${column} is ${actual}, the schema has ${expected}${more}: values would be refused or changed`;
  const change = `${actual === undefined ? "ADD" : "MODIFY"} COLUMN ${column} ${expected}`;
  throw new AppError(COLUMN_TYPE, message, {
    retry: false,
    next: `bring the column back: ALTER TABLE ${table} ${change}`,
  });
}
