import { HEAD, type MistakeCase, metric, one, PRICED, repeat, schema, shop } from "./case.ts";

/** Mistakes of this part. */
export const OF_YAML: readonly MistakeCase[] = [
  one("broken YAML", shop("types:\n  order: {\n▸"), "YAML_SYNTAX", "", "correct the YAML"),
  one(
    "two documents",
    shop("types: {order: {}}\n▸---\nsource: other\n"),
    "YAML_SYNTAX",
    "multiple documents",
    "file of its own",
  ),
  one("a tag", shop("title: ▸!!binary eA==\ntypes: {order: {}}\n"), "YAML_SYNTAX", "tag", "remove the tag"),
  one(
    "a key twice",
    shop("types:\n  order: {}\n  visit: {}\n  ▸order: {}\n"),
    "DUPLICATE_KEY",
    "second time",
    "rename",
  ),
  one("a merge key", shop("types:\n  order: &a {}\n  visit: {▸<<: *a}\n"), "UNKNOWN_KEY", "<<", "anchor"),
  one(
    "a key that is no data",
    shop("types: {order: {}, ▸__proto__: {}}\n"),
    "UNKNOWN_KEY",
    "__proto__",
    "another name",
  ),
  one(
    "a number that is not exact",
    schema("{type: object, properties: {n: {type: integer, maximum: ▸9007199254740993}}}"),
    "NUMBER_NOT_EXACT",
    "9007199254740993",
    "9007199254740991",
  ),
  one(
    "an infinite number",
    schema("{type: object, properties: {n: {const: ▸1e400}}}"),
    "NUMBER_NOT_EXACT",
    "1e400",
    "quotes",
  ),
  one("a byte order mark", `▸\uFEFF${shop("types: {order: {}}\n")}`, "ENCODING", "byte order mark", "UTF-8"),
  one(
    "aliases that grow",
    shop(
      `types:\n  a: &a {schema: {title: "${"x".repeat(2_000)}"}}\n${repeat(600, (i) => `  b${i}: ${i === 518 ? "▸" : ""}*a\n`)}`,
    ),
    "TOO_LARGE",
    "aliases",
    "alias repeats",
  ),
  one(
    "an alias inside of its anchor",
    shop("types:\n  order: &a\n    schema: {allOf: [▸*a]}\n"),
    "TOO_LARGE",
    "deeper",
    "smaller",
  ),
  one(
    "a file that is too large",
    `▸# ${"x".repeat(1_100_000)}\n${HEAD}`,
    "TOO_LARGE",
    "characters",
    "use files of at most",
  ),
  one("an empty file", "▸", "EMPTY", "not a map", "apiVersion"),
];

/** Mistakes of this part. */
export const OF_SHAPE: readonly MistakeCase[] = [
  one(
    "another version of the format",
    "apiVersion: ▸v2\nsource: shop\ntypes: {order: {}}\n",
    "WRONG_VALUE",
    "countinghouse/v1",
    "docs",
  ),
  one("no version", "▸source: shop\ntypes: {order: {}}\n", "MISSING_KEY", "apiVersion", "countinghouse/v1"),
  one("an unknown key", shop("▸typs: {}\ntypes: {order: {}}\n"), "UNKNOWN_KEY", "typs", "did you mean types?"),
  one(
    "an unknown key of a metric",
    metric("{key: n, event_type: order, aggregation: count, ▸dimension: {}}"),
    "UNKNOWN_KEY",
    "dimension",
    "did you mean dimensions?",
  ),
  one(
    "a wrong word",
    metric("{key: n, event_type: order, aggregation: ▸total}"),
    "WRONG_VALUE",
    "count, sum",
    "docs/contract.md",
  ),
  one("a missing key", metric("▸{key: n, aggregation: count}"), "MISSING_KEY", "event_type", "add event_type"),
  one("a list for a map", shop("types: ▸[order]\n"), "WRONG_VALUE", "map of names", "docs/contract.md"),
  one(
    "a type of column that is none",
    schema(PRICED, "    columns: {price: ▸'decimal(19,2)'}\n"),
    "WRONG_VALUE",
    "p ≤ 18",
    "docs",
  ),
  one(
    "more decimals than digits",
    schema(PRICED, '    columns: {price: ▸"decimal(2,3)"}\n'),
    "WRONG_VALUE",
    "more decimals",
    "fewer",
  ),
  one(
    "groups beyond any bound",
    metric("{key: n, event_type: order, aggregation: count, dimensions: {code: $.code}, max_groups: ▸10001}"),
    "WRONG_VALUE",
    "at most 10000",
    "docs",
  ),
  {
    what: "several mistakes of several files at once",
    files: {
      "a.yaml":
        "apiVersion: countinghouse/v1\nsource: a\n▸titel: x\ntypes:\n  b: {schema: {▸typ: object}, columns: {c: ▸words}}\n",
      "b.yaml":
        "apiVersion: countinghouse/v1\nsource: b\ntypes:\n  c: {}\nmetrics:\n  - {key: ▸Sales, event_type: ▸d, aggregation: count}\n",
    },
    expected: [
      { code: "UNKNOWN_KEY", says: "titel", next: "did you mean title?" },
      { code: "KEYWORD", says: "typ is no keyword", next: "did you mean type?" },
      { code: "WRONG_VALUE", says: "keyword, string", next: "docs/contract.md" },
      { code: "NAME_INVALID", says: '"Sales"', next: "sales" },
      { code: "NOT_DECLARED", says: "no type is called d", next: "declare it" },
    ],
  },
];
