import { type MistakeCase, metric, one, priced, repeat, schema } from "./case.ts";

/** Mistakes of this part. */
export const OF_METRICS: readonly MistakeCase[] = [
  one(
    "a sum of floats",
    metric("{key: n, event_type: order, aggregation: sum, value_property: ▸$.weight}"),
    "NOT_EXACT",
    "order of the events",
    "decimal(p,s)",
  ),
  one(
    "an average of texts",
    metric("{key: n, event_type: order, aggregation: avg, value_property: ▸$.code}"),
    "NOT_EXACT",
    "takes no keyword",
    "int64, decimal",
  ),
  one(
    "a metric of no type",
    metric("{key: n, event_type: ▸ordr, aggregation: count}"),
    "NOT_DECLARED",
    "ordr",
    "did you mean order?",
  ),
  one(
    "a metric of no source",
    metric("{key: n, sources: [▸shp], event_type: order, aggregation: count}"),
    "NOT_DECLARED",
    "shp",
    "did you mean shop?",
  ),
  one(
    "a value no type declares",
    metric("{key: n, event_type: order, aggregation: sum, value_property: ▸$.total}"),
    "NOT_DECLARED",
    "no column total",
    "columns: {total: TYPE}",
  ),
  one(
    "a value one type lacks",
    metric('{key: n, event_type: "*", aggregation: sum, value_property: ▸$.price}'),
    "NOT_DECLARED",
    "shop.visit has no column price",
    "types.visit",
  ),
  one(
    "a value that is no path",
    metric("{key: n, event_type: order, aggregation: sum, value_property: ▸price}"),
    "NOT_DECLARED",
    "price",
    "write $.price",
  ),
  one(
    "no value",
    metric("{key: n, event_type: order, aggregation: ▸sum}"),
    "MISSING_KEY",
    "needs a value",
    "value_property",
  ),
  one(
    "a count of a value",
    metric("{key: n, event_type: order, aggregation: count, value_property: ▸$.price}"),
    "WRONG_VALUE",
    "no value",
    "where_present",
  ),
  one(
    "a dimension of any length",
    metric("{key: n, event_type: order, aggregation: count, dimensions: {note: ▸$.note}}"),
    "UNBOUNDED",
    "any number of",
    "maxLength",
  ),
  one(
    "a dimension of floats",
    metric("{key: n, event_type: order, aggregation: count, dimensions: {w: ▸$.weight}}"),
    "NOT_EXACT",
    "float64",
    "keyword",
  ),
  one(
    "groups without dimensions",
    metric("{key: n, event_type: order, aggregation: count, max_groups: ▸5}"),
    "WRONG_VALUE",
    "no dimensions",
    "add dimensions",
  ),
  one(
    "the latest of texts of any length",
    metric("{key: n, event_type: order, aggregation: latest, value_property: ▸$.note}"),
    "UNBOUNDED",
    "any number of",
    "maxLength",
  ),
  one(
    "a sum of too many decimals",
    schema(
      "{properties: {a: {type: number}}}",
      '    columns: {a: "decimal(18,10)"}\nmetrics: [{key: n, event_type: order, aggregation: sum, value_property: ▸$.a}]\n',
    ),
    "NOT_EXACT",
    "more than 9 decimals",
    "at most 9",
  ),
  one(
    "a key twice",
    metric("{key: n, event_type: order, aggregation: count}\n  - {key: ▸n, event_type: visit, aggregation: count}"),
    "KEY_TWICE",
    "shop.yaml",
    "another key",
  ),
  one(
    "a key that is the time of the metric's views",
    metric("{key: ▸event_hour, event_type: order, aggregation: count}"),
    "NAME_RESERVED",
    "event_hour",
    "my_event_hour",
  ),
  one(
    "a dimension that is called as the metric",
    metric("{key: n, event_type: order, aggregation: count, dimensions: {▸n: $.code}}"),
    "NAME_RESERVED",
    "own column",
    "another name",
  ),
  one(
    "51 metrics",
    priced(
      `metrics:\n${repeat(51, (i) => `  - ${i === 50 ? "▸" : ""}{key: n${i}, event_type: order, aggregation: count}\n`)}`,
    ),
    "TOO_MANY",
    "51th metric",
    "at most 50",
  ),
];

const view = (text: string) =>
  metric(
    `{key: n, event_type: order, aggregation: count}\n  - {key: by_code, event_type: order, aggregation: count, dimensions: {code: $.code}}\nviews:\n  - ${text}`,
  );
/** Mistakes of this part. */
export const OF_VIEWS: readonly MistakeCase[] = [
  one(
    "a view of no metric",
    view("{name: v, period: hour, comment: x, columns: {a: {metric: ▸by_cod, comment: x}}}"),
    "NOT_DECLARED",
    "by_cod",
    "did you mean by_code?",
  ),
  one(
    "a figure for each value in one place",
    view("{name: v, period: hour, comment: x, columns: {a: {metric: ▸by_code, comment: x}}}"),
    "WRONG_VALUE",
    "for each code",
    "as: map",
  ),
  one(
    "rows of a dimension a metric has not",
    view(
      "{name: v, period: hour, comment: x, rows: {code: {dimension: code, comment: x}}, columns: {a: {metric: ▸n, comment: x}}}",
    ),
    "WRONG_VALUE",
    "no dimension code",
    "remove code",
  ),
  one(
    "a map of no dimension",
    view("{name: v, period: hour, comment: x, columns: {a: {metric: n, as: ▸map, comment: x}}}"),
    "WRONG_VALUE",
    "one dimension",
    "remove as: map",
  ),
  one(
    "a view twice",
    view(
      "{name: v, period: hour, comment: x, columns: {a: {metric: n, comment: x}}}\n  - {name: ▸v, period: day, comment: x, columns: {a: {metric: n, comment: x}}}",
    ),
    "KEY_TWICE",
    "shop.yaml",
    "another name",
  ),
  one(
    "a view with another metric's name",
    view("{name: ▸by_code_per_hour, period: hour, comment: x, columns: {a: {metric: n, comment: x}}}"),
    "NAME_RESERVED",
    "metric by_code",
    "another name",
  ),
  one(
    "a column that is the time of the view",
    view("{name: v, period: day, comment: x, columns: {▸event_date: {metric: n, comment: x}}}"),
    "NAME_RESERVED",
    "event_date",
    "my_event_date",
  ),
  one(
    "a view of nothing",
    view("{name: v, period: hour, comment: x, columns: ▸{}}"),
    "MISSING_KEY",
    "at least one",
    "add NAME",
  ),
];
