import type { Contract, SourceRules } from "./contract.ts";
import type { Match } from "./document.ts";
import { pathKeys } from "./path.ts";

/** Of a message, as far as a match asks for it. */
export type Matched = {
  /** The message as `JSON.parse` gives it. */
  readonly value: unknown;
  /** The text of a header; undefined when the message has none of this name. */
  readonly header: (name: string) => string | undefined;
};

/** The value at a path of own fields; undefined if there is none. */
export function valueAt(value: unknown, keys: readonly string[]): unknown {
  let found = value;
  for (const key of keys) {
    if (typeof found !== "object" || found === null || Array.isArray(found) || !Object.hasOwn(found, key))
      return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

function holds(condition: Match, message: Matched): boolean {
  if ("header" in condition) {
    const header = message.header(condition.header);
    return header !== undefined && (condition.equals === undefined || header === condition.equals);
  }
  const value = valueAt(message.value, pathKeys(condition.path));
  if (condition.absent === true) return value === undefined;
  if (value === undefined) return condition.default === true;
  return condition.equals === undefined || value === condition.equals;
}

/** The source of a message, of a contract whose sources exclude each other; undefined if none takes it. */
export function selectSource(contract: Contract, message: Matched): SourceRules | undefined {
  return contract.sources.find(({ match }) => match.every((condition) => holds(condition, message)));
}
