import { nearest } from "../../runtime/misspelled.ts";
import { columnOf, decimalOf } from "../columns.ts";
import type { ColumnDoc, ColumnType, JsonSchema } from "../document.ts";
import type { DocumentPath } from "../mistake.ts";
import { parsePath } from "../path.ts";
import type { CheckedFile, Report } from "./checked-file.ts";
import { fieldAt, kindsOf, longestText } from "./schema-paths.ts";

/** Longest text of a keyword, of a dimension, and of what a metric keeps: a group's name stands in every minute. */
export const MAX_TEXT = 256;
const MAX_COLUMNS = 50;

/** Columns that stores have had before contracts, with the only types they may be declared with. */
const COLUMNS_OF_BEFORE: Readonly<Record<string, ColumnType>> = { amount: "decimal(18,4)", currency: "keyword" };

/** Judges the columns of one file: that their paths exist and hold what their types take. */
export function checkColumns({ document, report, isPartial }: CheckedFile): void {
  for (const [type, { columns = {}, schema = {} }] of Object.entries(document.types ?? {})) {
    const isKnown = !isPartial(["types", type, "schema"]);
    for (const [name, declared] of Object.entries(columns)) {
      const place = ["types", type, "columns", name];
      const column = columnOf(name, declared);
      const isShort = typeof declared === "string";
      const at = isShort || declared.from === undefined ? place : [...place, "from"];
      checkNumbers(column, place, report);
      const before = COLUMNS_OF_BEFORE[name];
      if (before !== undefined && column.type !== before)
        report(
          place,
          "NAME_RESERVED",
          `${name} is there already, as ${before}`,
          `declare it so, or call it my_${name}`,
        );
      if (isKnown) checkField(column, schema, at, report);
    }
  }
}

function checkNumbers({ type, numbers }: ColumnDoc, place: DocumentPath, report: Report): void {
  const decimal = decimalOf(type);
  if (decimal !== undefined && decimal.scale > decimal.precision)
    report(
      place,
      "WRONG_VALUE",
      `${type} has more decimals than digits`,
      `use decimal(${decimal.scale},${decimal.scale}) or fewer decimals`,
    );
  if (numbers !== undefined && decimal === undefined)
    report(
      [...place, "numbers"],
      "WRONG_VALUE",
      "numbers says how decimals are read",
      "remove it, or use a decimal type",
    );
}

/** The types of JSON each type of column takes. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  keyword: ["string"],
  string: ["string"],
  timestamp: ["string"],
  int64: ["integer"],
  bool: ["boolean"],
  float64: ["integer", "number"],
  decimal: ["integer", "number", "string"],
};

function checkField(column: ColumnDoc & { from: string }, schema: JsonSchema, at: DocumentPath, report: Report): void {
  const path = parsePath(column.from);
  if (path === undefined || path.length === 0) {
    const next = "write $ and the names on the way, as in $.price.amount; a list has no single value";
    report(at, "PATH_IMPOSSIBLE", `${column.from} is no path to one field`, next);
    return;
  }
  const field = fieldAt(schema, path);
  if (!field.found) {
    const meant = nearest(field.missing, field.known);
    const message =
      field.through === undefined
        ? `the schema of the type has no ${field.missing}`
        : `${column.from} goes through a value of type ${field.through}`;
    const next =
      meant !== undefined
        ? `did you mean ${meant}?`
        : `declare it among the properties of the type's schema: ${field.missing}: {type: …}`;
    report(at, "PATH_IMPOSSIBLE", message, field.through === undefined ? next : "let the path end at the value itself");
    return;
  }
  const takes = TAKES[column.type.replace(/\(.*/, "")] ?? [];
  const kinds = kindsOf(schema, field.schemas);
  const other =
    kinds === undefined ? ["any type"] : [...kinds].filter((kind) => kind !== "null" && !takes.includes(kind));
  if (other.length > 0) {
    const next = `state type: ${takes.length > 1 ? `[${takes.join(", ")}]` : takes[0]} in the schema, or choose another type of column`;
    report(at, "WRONG_VALUE", `a column of type ${column.type} cannot hold ${other.join(" or ")}`, next);
    return;
  }
  if (column.type !== "keyword") return;
  const longest = longestText(schema, field.schemas);
  if (longest !== undefined && longest <= MAX_TEXT) return;
  const message = `a keyword may be ${longest ?? "any number of"} characters long`;
  report(
    at,
    "UNBOUNDED",
    message,
    `add maxLength (at most ${MAX_TEXT}), an enum, or a bounded pattern ^…$ to its schema`,
  );
}

/** Judges the columns of all files together: one name is one type, and there are not too many. */
export function checkColumnsTogether(files: readonly CheckedFile[]): void {
  const types = new Map<string, { type: ColumnType; file: string }>();
  for (const { document, report, name: file } of files) {
    for (const [type, { columns = {} }] of Object.entries(document.types ?? {})) {
      for (const [name, declared] of Object.entries(columns)) {
        const column = columnOf(name, declared);
        const place = ["types", type, "columns", name];
        const known = types.get(name);
        if (known === undefined) {
          types.set(name, { type: column.type, file });
          if (types.size === MAX_COLUMNS + 1)
            report(
              place,
              "TOO_MANY",
              `is the ${types.size}th column`,
              `declare at most ${MAX_COLUMNS}; what is no column stays in payload`,
            );
        } else if (known.type !== column.type) {
          const message = `${name} is ${column.type} here and ${known.type} in ${known.file}`;
          report(place, "COLUMN_TWO_TYPES", message, "give both the same type, or one of them another name");
        }
      }
    }
  }
}
