import { columnOf, physicalType } from "./columns.ts";
import type { Column, ColumnOf, Contract, Envelope, Metric, SourceRules, TypeRules, ValueRef } from "./contract.ts";
import type { ColumnDoc, ColumnType, ContractDocument, EnvelopeDoc, MetricDoc, TypeDoc } from "./document.ts";
import { compileFastRule } from "./fast-rule.ts";
import { contractHash } from "./hash.ts";
import { pathKeys } from "./path.ts";
import { matchOf, PRESETS } from "./presets.ts";

/** The groups of a metric whose document says no number. */
const DEFAULT_MAX_GROUPS = 1_000;

const ATTRIBUTES = ["id", "time", "type", "subject", "session", "received", "data"] as const;

/**
 * Compiles documents that `check/` has accepted. Sources keep the order of the documents, columns are numbered as they
 * first occur. ajv is not asked here: its validators are made when a type is first met.
 * @throws TypeError when a document names what is not declared, which a checked one does not.
 */
export function compileContract(documents: readonly ContractDocument[]): Contract {
  const columns = new Map<string, Column>();
  const sources = documents.flatMap((document) =>
    document.source === undefined ? [] : [compileSource(document.source, document, columns)],
  );
  const metrics = documents.flatMap((document) =>
    (document.metrics ?? []).map((metric) => compileMetric(metric, document.source, sources, columns)),
  );
  return {
    hash: contractHash(documents),
    sources,
    columns: [...columns.values()],
    metrics,
    views: documents.flatMap(({ views = [] }) => views),
  };
}

function compileSource(name: string, document: ContractDocument, columns: Map<string, Column>): SourceRules {
  const types = Object.entries(document.types ?? {}).map(
    ([eventType, type]) => [eventType, compileType(eventType, type, columns)] as const,
  );
  return {
    name,
    title: document.title ?? `Events of ${name}`,
    match: matchOf(document),
    envelope: compileEnvelope(document.envelope ?? {}),
    unknownTypes: document.unknown_types === "accept",
    duplicateKeys: document.duplicate_keys ?? "refuse",
    types: new Map(types),
  };
}

function compileEnvelope({ preset = "countinghouse", ...own }: EnvelopeDoc): Envelope {
  const base = PRESETS[preset];
  if (base === undefined) throw new TypeError(`there is no preset ${preset}`);
  const attributes = ATTRIBUTES.map((attribute) => {
    const { from, type, optional = false } = own[attribute] ?? base[attribute];
    const path = pathKeys(from);
    const kind = attribute === "data" ? "object" : (type ?? base[attribute].type ?? "string");
    return [attribute, { path, field: path.join(".") || "event", type: kind, optional }] as const;
  });
  return Object.fromEntries(attributes) as Envelope;
}

function compileType(eventType: string, type: TypeDoc, all: Map<string, Column>): TypeRules {
  const schema = type.schema ?? { type: "object" };
  const columns = Object.entries(type.columns ?? {}).map(([name, declared]) => compileColumn(name, declared, all));
  return {
    eventType,
    dataRequired: type.data === "required",
    schema,
    fast: compileFastRule(schema, columns),
    columns,
  };
}

function compileColumn(name: string, declared: ColumnType | ColumnDoc, all: Map<string, Column>): ColumnOf {
  const { type, from, numbers = "digits" } = columnOf(name, declared);
  const column = all.get(name) ?? { name, type, physical: physicalType(name, type), slot: all.size };
  all.set(name, column);
  return { column, path: pathKeys(from), numbers };
}

function compileMetric(
  metric: MetricDoc,
  ownSource: string | undefined,
  sources: readonly SourceRules[],
  columns: ReadonlyMap<string, Column>,
): Metric {
  const named = metric.sources ?? (ownSource === undefined ? "*" : [ownSource]);
  const counted = sources.filter(({ name }) => named === "*" || named.includes(name));
  const wanted = [metric.event_type].flat();
  const everyType = metric.event_type === "*";
  const valueRef = (text: string) => compileValue(text, columns);
  return {
    key: metric.key,
    comment: metric.comment ?? "",
    aggregation: metric.aggregation,
    types: counted.flatMap(({ name, types }) =>
      [...types.keys()]
        .filter((eventType) => everyType || wanted.includes(eventType))
        .map((eventType) => ({ source: name, eventType })),
    ),
    everyType,
    value: metric.value_property === undefined ? undefined : valueRef(metric.value_property),
    dimensions: Object.entries(metric.dimensions ?? {}).map(([name, text]) => ({ name, value: valueRef(text) })),
    maxGroups: metric.max_groups ?? DEFAULT_MAX_GROUPS,
    wherePresent: metric.where_present === undefined ? undefined : valueRef(metric.where_present),
  };
}

function compileValue(text: string, columns: ReadonlyMap<string, Column>): ValueRef {
  const attribute = ATTRIBUTES.find((name) => name === text);
  if (attribute !== undefined) return { kind: "attribute", attribute };
  const column = columns.get(text.slice(2));
  if (column === undefined) throw new TypeError(`no column is declared for ${text}`);
  return { kind: "column", column };
}
