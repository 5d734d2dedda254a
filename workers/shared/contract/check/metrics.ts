import { nearest } from "../../runtime/misspelled.ts";
import { decimalOf } from "../columns.ts";
import type { MetricDoc } from "../document.ts";
import type { DocumentPath } from "../mistake.ts";
import type { CheckedFile } from "./checked-file.ts";
import { MAX_TEXT } from "./columns.ts";
import {
  columnIn,
  type Declared,
  type DeclaredType,
  GROUP_ATTRIBUTES,
  longestIn,
  VALUE_ATTRIBUTES,
} from "./declared.ts";
import { CORE_COLUMNS, checkName, TIME_COLUMNS } from "./names.ts";

const MAX_METRICS = 50;
/** A sum of more decimals would not fit beside the digits before the point. */
const MAX_SCALE = 9;

type Site = { readonly file: CheckedFile; readonly place: DocumentPath; readonly types: readonly DeclaredType[] };

/** Judges the metrics of all files. */
export function checkMetrics(files: readonly CheckedFile[], declared: Declared): void {
  let count = 0;
  const keys = new Map<string, string>();
  for (const file of files) {
    for (const [index, metric] of (file.document.metrics ?? []).entries()) {
      const place = file.place("metrics", index);
      count += 1;
      if (count === MAX_METRICS + 1)
        file.report(
          place,
          "TOO_MANY",
          `is the ${count}th metric`,
          `declare at most ${MAX_METRICS}; a dimension divides one metric into many figures`,
        );
      const types = declared.countedBy(metric, file.document);
      checkKey(metric, place, file, keys);
      if (!checkTypes(metric, { file, place, types }, declared)) continue;
      const site = { file, place, types };
      checkValue(metric, site);
      checkDimensions(metric, site);
      if (metric.where_present !== undefined)
        checkProperty(metric.where_present, [...place, "where_present"], site, VALUE_ATTRIBUTES);
    }
  }
}

/** So that the name of each generated view, such as `revenue_rolling_24h`, is one of at most 63 characters. */
const MAX_KEY = 50;

function checkKey(
  { key }: MetricDoc,
  place: DocumentPath,
  { report, name }: CheckedFile,
  seen: Map<string, string>,
): void {
  const at = [...place, "key"];
  const first = seen.get(key);
  if (first !== undefined)
    report(at, "KEY_TWICE", `${key} is a metric of ${first} already`, "give it another key: views are named by it");
  seen.set(key, name);
  if (checkName(key, at, report, TIME_COLUMNS) && key.length > MAX_KEY)
    report(
      at,
      "NAME_INVALID",
      `${key} is ${key.length} characters long`,
      `use at most ${MAX_KEY}: views are named by it`,
    );
}

/** Whether it counts anything; what it counts is judged only then. */
function checkTypes(metric: MetricDoc, { file, place, types }: Site, declared: Declared): boolean {
  const { report, document } = file;
  for (const [index, source] of (metric.sources === "*" ? [] : (metric.sources ?? [])).entries()) {
    if (declared.sources.has(source) || !declared.isWhole) continue;
    const meant = nearest(source, [...declared.sources]);
    const next = meant === undefined ? `declared are ${[...declared.sources].join(", ")}` : `did you mean ${meant}?`;
    report([...place, "sources", index], "NOT_DECLARED", `no file declares a source ${source}`, next);
    return false;
  }
  if (metric.event_type === "*") return types.length > 0;
  const known = declared.countedBy({ ...metric, event_type: "*" }, document);
  const isList = typeof metric.event_type !== "string";
  for (const [index, name] of [metric.event_type].flat().entries()) {
    if (known.some((type) => type.name === name) || !declared.isWhole || file.isPartial(["types"])) continue;
    const meant = nearest(
      name,
      known.map((type) => type.name),
    );
    const next = meant === undefined ? "declare it under types, or name another" : `did you mean ${meant}?`;
    report([...place, "event_type", ...(isList ? [index] : [])], "NOT_DECLARED", `no type is called ${name}`, next);
  }
  return types.length > 0;
}

/** The types of column each aggregation takes. */
const TAKES: Readonly<Record<MetricDoc["aggregation"], readonly string[]>> = {
  count: [],
  sum: ["int64", "decimal"],
  avg: ["int64", "decimal"],
  min: ["int64", "decimal", "float64", "timestamp"],
  max: ["int64", "decimal", "float64", "timestamp"],
  latest: ["keyword", "string", "int64", "decimal", "float64", "bool", "timestamp"],
  unique_count: ["keyword", "string", "int64", "decimal"],
  p50: ["int64", "decimal"],
  p95: ["int64", "decimal"],
  p99: ["int64", "decimal"],
};

function checkValue({ aggregation, value_property: value }: MetricDoc, site: Site): void {
  const { file, place } = site;
  const at = [...place, "value_property"];
  if (aggregation === "count") {
    if (value !== undefined)
      file.report(
        at,
        "WRONG_VALUE",
        "count takes no value",
        "remove it; where_present counts events that have a value",
      );
    return;
  }
  if (value === undefined) {
    const next = `add value_property: $.COLUMN${aggregation === "unique_count" ? ", or subject" : ""}`;
    file.report([...place, "aggregation"], "MISSING_KEY", `${aggregation} needs a value`, next);
    return;
  }
  const attributes = aggregation === "unique_count" ? VALUE_ATTRIBUTES : [];
  if (!checkProperty(value, at, site, attributes) || !value.startsWith("$.")) return;
  for (const type of site.types) {
    const column = columnIn(type, value.slice(2));
    if (column === undefined) continue;
    const kind = column.type.replace(/\(.*/, "");
    if (!TAKES[aggregation].includes(kind)) {
      const isSum = ["sum", "avg"].includes(aggregation) && kind === "float64";
      const message = isSum
        ? `${aggregation} over float64: its result would depend on the order of the events`
        : `${aggregation} takes no ${column.type}`;
      const next = isSum ? "make the column a decimal(p,s)" : `use a column of type ${TAKES[aggregation].join(", ")}`;
      file.report(at, "NOT_EXACT", message, next);
      return;
    }
    const scale = decimalOf(column.type)?.scale ?? 0;
    if (scale > MAX_SCALE) {
      file.report(
        at,
        "NOT_EXACT",
        `${column.type} has more than ${MAX_SCALE} decimals`,
        `aggregate a column of at most ${MAX_SCALE}`,
      );
      return;
    }
    if (aggregation === "latest" && !checkBound(value, at, site, type)) return;
  }
}

function checkDimensions({ key, dimensions, max_groups }: MetricDoc, site: Site): void {
  const { file, place, types } = site;
  const entries = Object.entries(dimensions ?? {});
  if (max_groups !== undefined && entries.length === 0)
    file.report(
      [...place, "max_groups"],
      "WRONG_VALUE",
      "bounds groups, and there are no dimensions",
      "remove it, or add dimensions",
    );
  for (const [name, property] of entries) {
    const at = [...place, "dimensions", name];
    if (name === key)
      file.report(at, "NAME_RESERVED", `${name} is the metric's own column`, "give it another name", { key: true });
    checkName(name, at, file.report, GROUP_NAMES);
    if (!checkProperty(property, at, site, GROUP_ATTRIBUTES) || !property.startsWith("$.")) continue;
    for (const type of types) {
      const column = columnIn(type, property.slice(2));
      if (column === undefined) continue;
      if (["float64", "timestamp"].includes(column.type)) {
        file.report(
          at,
          "NOT_EXACT",
          `a dimension cannot be of type ${column.type}`,
          "use a keyword, string, int64, bool or decimal",
        );
        break;
      }
      if (!checkBound(property, at, site, type)) break;
    }
  }
}

/** A dimension becomes a column of the metric's views. */
const GROUP_NAMES: ReadonlySet<string> = new Set(
  [...CORE_COLUMNS].filter((name) => name !== "user_id" && name !== "session_id"),
);

/** A text that stands in every bucket must not be of any length. */
function checkBound(property: string, at: DocumentPath, { file }: Site, type: DeclaredType): boolean {
  const name = property.slice(2);
  const column = columnIn(type, name);
  if (type.partial.schema || column === undefined || !["keyword", "string"].includes(column.type)) return true;
  const longest = longestIn(type, name);
  if (longest !== undefined && longest <= MAX_TEXT) return true;
  const message = `${property} may be ${longest ?? "any number of"} characters long in ${type.source}.${type.name}`;
  file.report(at, "UNBOUNDED", message, `add maxLength (at most ${MAX_TEXT}) to its schema there`);
  return false;
}

/** A property is an attribute, or a column that each of the metric's types declares. */
function checkProperty(
  property: string,
  at: DocumentPath,
  { file, types }: Site,
  attributes: readonly string[],
): boolean {
  const { report } = file;
  if (!property.startsWith("$.")) {
    if (attributes.includes(property)) return true;
    const isColumn = types.some((type) => columnIn(type, property) !== undefined);
    const choice = attributes.length === 0 ? "$. and a column" : `$. and a column, or ${attributes.join(", ")}`;
    report(
      at,
      "NOT_DECLARED",
      `${property} is no value a metric can take here`,
      isColumn ? `write $.${property}` : `write ${choice}`,
    );
    return false;
  }
  const name = property.slice(2);
  const without = types.find((type) => !type.partial.columns && columnIn(type, name) === undefined);
  if (without === undefined) return true;
  const meant = nearest(name, Object.keys(without.type.columns ?? {}));
  const next =
    meant === undefined
      ? `add to types.${without.name} of ${without.source}: columns: {${/^\w+$/.test(name) ? name : "NAME"}: TYPE}`
      : `did you mean $.${meant}?`;
  report(at, "NOT_DECLARED", `${without.source}.${without.name} has no column ${name}`, next);
  return false;
}
