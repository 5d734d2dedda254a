import type { Metric } from "../../contract/contract.ts";
import { quoteText } from "../quote.ts";

/** The sources whose events a metric counts, in the contract's order. */
export function sourcesOf({ types }: Metric): string[] {
  return [...new Set(types.map(({ source }) => source))];
}

/** `column = 'a'` or `column IN ('a', 'b')`. */
export function isOneOf(column: string, values: readonly string[]): string {
  const texts = values.map(quoteText);
  return texts.length === 1 ? `${column} = ${texts[0]}` : `${column} IN (${texts.join(", ")})`;
}

/**
 * The condition under which a row of `_store` is of a metric, in a statement that reads the rows of some sources only; empty
 * when all of those are.
 * @param among the sources that the statement reads.
 */
export function countedIf(metric: Metric, among: readonly string[]): string {
  const sources = sourcesOf(metric);
  const isEverySource = among.every((source) => sources.includes(source));
  const named = (some: readonly string[]) =>
    isEverySource && some.length === sources.length ? [] : [isOneOf("_store.source", some)];
  if (metric.everyType) return named(sources).join("");
  // Sources that have the same types are asked for together.
  const byTypes = Map.groupBy(sources, (source) =>
    JSON.stringify(metric.types.filter((type) => type.source === source).map(({ eventType }) => eventType)),
  );
  const parts = [...byTypes].map(([types, some]) =>
    [...named(some), isOneOf("_store.event_type", JSON.parse(types))].join(" AND "),
  );
  return parts.length === 1 ? (parts[0] ?? "") : parts.map((part) => `(${part})`).join(" OR ");
}
