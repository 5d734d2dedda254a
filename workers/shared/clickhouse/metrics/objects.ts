import type { Contract, Metric } from "../../contract/contract.ts";
import type { ViewDoc } from "../../contract/document.ts";
import type { ExpectedSchema } from "../rules/schema-rules.ts";
import { SCHEMA_OBJECTS, type SchemaObject } from "../schema/objects.ts";
import { coreColumnOf } from "./core-columns.ts";
import { sourcesOf } from "./counted-events.ts";
import { type ViewColumn, viewDdl } from "./views.ts";

const CORE: ReadonlySet<string> = new Set(SCHEMA_OBJECTS.map(({ name }) => name));

/** A view that a contract brings, with its columns in their order. */
type ContractView = SchemaObject & { readonly columns: readonly ViewColumn[] };

/**
 * The views of a contract: those that it declares, and of each metric `KEY_per_minute` and `KEY_per_hour` unless one of these
 * names is taken. A view that shows a metric of {@link metricsNotStored} is left out.
 */
export function contractObjects(contract: Contract): readonly ContractView[] {
  const declared = contract.views.filter(({ name }) => !CORE.has(name));
  const taken = new Set([...CORE, ...declared.map(({ name }) => name)]);
  const own = contract.metrics.flatMap((metric) => viewsOfMetric(metric, contract));
  return [...declared, ...own.filter(({ name }) => !taken.has(name))].flatMap((view): ContractView[] => {
    const ddl = viewDdl(view, contract);
    return ddl === undefined ? [] : [{ name: view.name, kind: "view", ...ddl }];
  });
}

function viewsOfMetric(metric: Metric, { sources }: Contract): ViewDoc[] {
  const { key, comment, dimensions } = metric;
  const counted = sourcesOf(metric);
  const of = counted.length === sources.length && counted.length > 1 ? "all sources" : counted.join(", ");
  const rows = dimensions.map(({ name }) => [name, { dimension: name, comment: `Dimension of ${key}` }]);
  return (["minute", "hour"] as const).map((period) => ({
    name: `${key}_per_${period}`,
    period,
    comment: `Start of the ${period} of event_time. Events of ${of} are counted`,
    rows: Object.fromEntries(rows),
    columns: { [key]: { metric: key, comment: comment === "" ? `Metric ${key}` : comment } },
  }));
}

/** All objects of a store, each after those that it reads: those of every store, then those of its contract. */
export function schemaObjects(contract: Contract): readonly SchemaObject[] {
  return [...SCHEMA_OBJECTS, ...contractObjects(contract)];
}

/** The views of a contract as a store is to have them, for the schema rules. */
export function contractSchema(contract: Contract): ExpectedSchema {
  return Object.fromEntries(
    contractObjects(contract).map(({ name, columns }) => [
      name,
      { engine: "View", columns: Object.fromEntries(columns.map((column) => [column.name, column.type])) },
    ]),
  );
}

/** The keys of metrics that the stores cannot compute yet: others than counts, distinct users, and money by currency. */
export function metricsNotStored(contract: Contract): string[] {
  return contract.metrics.filter((metric) => coreColumnOf(metric, contract) === undefined).map(({ key }) => key);
}
