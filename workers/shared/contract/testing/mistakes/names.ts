import { type MistakeCase, metric, one, PRICED, repeat, schema, shop } from "./case.ts";

/** Mistakes of this part. */
export const OF_NAMES: readonly MistakeCase[] = [
  one(
    "a name that cannot be one in SQL",
    "apiVersion: countinghouse/v1\nsource: ▸My Shop\ntypes: {order: {}}\n",
    "NAME_INVALID",
    "My Shop",
    "my_shop",
  ),
  one(
    "a name that is SQL",
    schema("{properties: {select: {type: number}}}", "    columns: {▸select: float64}\n"),
    "NAME_RESERVED",
    "word of SQL",
    "select_name",
  ),
  one(
    "a reserved column",
    schema("{properties: {payload: {type: number}}}", "    columns: {▸payload: float64}\n"),
    "NAME_RESERVED",
    "store uses itself",
    "my_payload",
  ),
  one(
    "a column of before with another type",
    schema("{properties: {amount: {type: number}}}", "    columns: {amount: ▸float64}\n"),
    "NAME_RESERVED",
    "decimal(18,4)",
    "my_amount",
  ),
  one("an event type with a quote", shop('types:\n  ▸"it\'s": {}\n'), "NAME_INVALID", "it's", "without quotes"),
  one(
    "a view called like a table",
    metric("{key: n, event_type: order, aggregation: count}").concat(
      "views: [{name: ▸events, period: hour, comment: x, columns: {n: {metric: n, comment: x}}}]\n",
    ),
    "NAME_RESERVED",
    "events",
    "my_events",
  ),
];

/** Mistakes of this part. */
export const OF_COLUMNS: readonly MistakeCase[] = [
  one(
    "a path that is not in the schema",
    schema(PRICED, "    columns: {cost: {type: float64, from: ▸$.prise}}\n"),
    "PATH_IMPOSSIBLE",
    "no prise",
    "did you mean $.price?".slice(0, 12),
  ),
  one(
    "a path through a number",
    schema(PRICED, "    columns: {cost: {type: float64, from: ▸$.price.net}}\n"),
    "PATH_IMPOSSIBLE",
    "type number",
    "end at the value",
  ),
  one(
    "a path into a list",
    schema(PRICED, "    columns: {cost: {type: float64, from: ▸'$.items[0]'}}\n"),
    "PATH_IMPOSSIBLE",
    "no path",
    "list",
  ),
  one(
    "a column its field does not fit",
    schema(PRICED, "    columns: {price: ▸keyword}\n"),
    "WRONG_VALUE",
    "cannot hold number",
    "type: string",
  ),
  one(
    "a column of a field of any type",
    schema("{properties: {a: {}}}", "    columns: {a: ▸int64}\n"),
    "WRONG_VALUE",
    "any type",
    "type: integer",
  ),
  one(
    "a keyword of any length",
    schema(PRICED, "    columns: {note: ▸keyword}\n"),
    "UNBOUNDED",
    "any number of",
    "maxLength",
  ),
  one(
    "numbers of what is no decimal",
    schema(PRICED, "    columns: {count: {type: int64, numbers: ▸double}}\n"),
    "WRONG_VALUE",
    "decimals",
    "remove it",
  ),
  {
    what: "one column with two types",
    files: {
      "a.yaml":
        "apiVersion: countinghouse/v1\nsource: a\ntypes: {x: {schema: {properties: {n: {type: integer}}}, columns: {n: int64}}}\n",
      "b.yaml":
        "apiVersion: countinghouse/v1\nsource: b\ntypes: {x: {schema: {properties: {n: {type: integer}}}, columns: {n: ▸float64}}}\n",
    },
    expected: [{ code: "COLUMN_TWO_TYPES", says: "int64 in a.yaml", next: "same type" }],
  },
  one(
    "51 columns",
    schema(
      `{properties: {${repeat(51, (i) => `c${i}: {type: integer}, `)}}}`,
      `    columns: {${repeat(51, (i) => `c${i}: ${i === 50 ? "▸" : ""}int64, `)}}\n`,
    ),
    "TOO_MANY",
    "51th column",
    "at most 50",
  ),
];
