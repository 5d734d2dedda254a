import type { Contract, Metric, TypeRules, ValueRef } from "../../contract/contract.ts";
import type { JsonSchema } from "../../contract/document.ts";

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

/**
 * Whether a sum is of money by currency, of types whose data has both or is absent: an amount without a currency, or with an
 * empty one, is in no entry of `amounts`.
 */
function isMoney({ value, wherePresent, dimensions, types, everyType }: Metric, contract: Contract): boolean {
  const [dimension, ...more] = dimensions;
  if (more.length > 0 || wherePresent !== undefined || everyType) return false;
  if (!isColumn(value, "amount") || !isColumn(dimension?.value, "currency")) return false;
  return types.every(({ source, eventType }) => {
    const rules = contract.sources.find(({ name }) => name === source)?.types.get(eventType);
    if (rules === undefined) return false;
    const currency = requiredField("currency", rules);
    return currency !== undefined && isNeverEmpty(currency) && requiredField("amount", rules) !== undefined;
  });
}

/** The schema of a column's field when the data must have it: one on its first level, since what is further inside may be absent. */
function requiredField(name: string, { schema, columns }: TypeRules): JsonSchema | undefined {
  const [field = "", ...inner] = columns.find(({ column }) => column.name === name)?.path ?? [];
  const { required, properties } = schema as { required?: readonly string[]; properties?: Record<string, JsonSchema> };
  return inner.length === 0 && required?.includes(field) ? properties?.[field] : undefined;
}

/** Whether a schema says by itself that a value is a text of at least one character. */
function isNeverEmpty({ type, minLength, pattern, enum: options }: JsonSchema): boolean {
  if (type !== "string") return false;
  const hasLength = typeof minLength === "number" && minLength > 0;
  return (
    hasLength || (typeof pattern === "string" && !new RegExp(pattern, "u").test("")) || isListWithoutEmpty(options)
  );
}

const isListWithoutEmpty = (options: unknown) => Array.isArray(options) && !options.includes("");
const isColumn = (value: ValueRef | undefined, name: string) => value?.kind === "column" && value.column.name === name;
const isAttribute = (value: ValueRef | undefined, name: string) =>
  value?.kind === "attribute" && value.attribute === name;
