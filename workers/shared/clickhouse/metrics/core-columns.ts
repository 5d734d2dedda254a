import type { Contract, Metric, ValueRef } from "../../contract/contract.ts";

/**
 * The columns that both stores have had from the beginning, whatever the contract: what they hold reaches back beyond the
 * raw events. The only place that knows which definitions they are.
 * - `events`: number of events.
 * - `users`: distinct subjects, as a state.
 * - `login_sessions`: distinct sessions of events of type `login`, those without session left out, as a state.
 * - `amounts`: sum of the column amount by the column currency, for events that have a currency.
 */
export type CoreColumn = "events" | "users" | "login_sessions" | "amounts";

/** The column that holds a metric, or undefined when none does. */
export function coreColumnOf(metric: Metric, contract: Contract): CoreColumn | undefined {
  const { aggregation, value, wherePresent, dimensions } = metric;
  if (aggregation === "sum") return isMoney(metric, contract) ? "amounts" : undefined;
  if (dimensions.length > 0) return undefined;
  if (aggregation === "count") return wherePresent === undefined ? "events" : undefined;
  if (aggregation !== "unique_count") return undefined;
  if (isAttribute(value, "subject") && wherePresent === undefined) return "users";
  const isLogin = metric.types.every(({ eventType }) => eventType === "login") && !metric.everyType;
  return isLogin && isAttribute(value, "session") && isAttribute(wherePresent, "session")
    ? "login_sessions"
    : undefined;
}

/** Whether a sum is of money by currency, of types whose data has both or is absent: an amount alone is in no entry of `amounts`. */
function isMoney({ value, wherePresent, dimensions, types, everyType }: Metric, contract: Contract): boolean {
  const [dimension, ...more] = dimensions;
  if (more.length > 0 || wherePresent !== undefined || everyType) return false;
  if (!isColumn(value, "amount") || !isColumn(dimension?.value, "currency")) return false;
  return types.every(({ source, eventType }) => {
    const rules = contract.sources.find(({ name }) => name === source);
    const required = rules?.types.get(eventType)?.schema.required;
    return ["amount", "currency"].every((name) => Array.isArray(required) && required.includes(name));
  });
}

const isColumn = (value: ValueRef | undefined, name: string) => value?.kind === "column" && value.column.name === name;
const isAttribute = (value: ValueRef | undefined, name: string) =>
  value?.kind === "attribute" && value.attribute === name;
