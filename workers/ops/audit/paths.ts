import type { Match } from "../../shared/contract/document.ts";
import type { KafkaMessage } from "../../shared/kafka/client.ts";
import { AppError } from "../../shared/runtime/errors.ts";

/** Where the audit finds things in a message, read from a contract document by itself. */

/** The keys of a path such as `$.data.id`, from the message inwards; none for `$`. */
export function keysOf(path: string): readonly string[] {
  if (path === "$") return [];
  const keys = path.split(".");
  if (keys.shift() !== "$" || keys.length === 0 || keys.includes("")) throw unreadable(`the path ${path}`);
  return keys;
}

/** The value behind the keys; undefined when a key is missing or something on the way is no object. */
export function lookUp(json: unknown, keys: readonly string[]): unknown {
  let value = json;
  for (const key of keys) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** What a document asks for that the audit cannot read yet: proving something else would prove nothing. */
export function unreadable(what: string): AppError {
  const next = "audit with an ops binary of the version that the consumers have";
  return new AppError("AUDIT_CONTRACT", `the audit cannot read ${what}, so it can prove nothing`, {
    retry: false,
    next,
  });
}

type Condition = (json: unknown, headers: KafkaMessage["headers"]) => boolean;

/** Compiles the conditions by which a message is of a source: all must hold. */
export function compileMatch(match: readonly Match[]): Condition {
  const conditions = match.map(compileCondition);
  return (json, headers) => conditions.every((condition) => condition(json, headers));
}

function compileCondition(match: Match): Condition {
  const { equals } = match;
  if ("header" in match) {
    return (_, headers) => {
      const text = firstHeader(headers, match.header);
      return equals === undefined ? text !== undefined : text === equals;
    };
  }
  const keys = keysOf(match.path);
  if (match.absent === true) return (json) => lookUp(json, keys) === undefined;
  return (json) => {
    const value = lookUp(json, keys);
    if (value === undefined) return match.default === true;
    return equals === undefined || value === equals;
  };
}

/** The text of a header, the first of several; undefined when the message has none of this name. */
export function firstHeader(headers: KafkaMessage["headers"], name: string): string | undefined {
  if (headers === undefined || !Object.hasOwn(headers, name)) return undefined;
  const named = headers[name];
  const first = Array.isArray(named) ? named[0] : named;
  return first === undefined || first === null ? undefined : String(first);
}
