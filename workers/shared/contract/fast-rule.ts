import type { ColumnOf, FastRule, FieldRule } from "./contract.ts";
import type { JsonSchema } from "./document.ts";
import { ANNOTATIONS, compileCheck } from "./field-check.ts";

/**
 * The data's schema of an event type as a table that a scanner of bytes can follow. Whatever is not understood exactly leaves
 * its type out: such events are judged by ajv, so that a new kind of rule makes them slower, never wrong.
 */

/** As many fields as there are bits in a mask. */
const MAX_FIELDS = 30;
/** The rule of a type's data; undefined when it says what a scanner cannot check. */
export function compileFastRule(schema: JsonSchema, columns: readonly ColumnOf[]): FastRule | undefined {
  const { type = "object", properties = {}, required = [], additionalProperties = true, ...rest } = schema;
  if (type !== "object" || additionalProperties !== true) return undefined;
  if (!Object.keys(rest).every((keyword) => ANNOTATIONS.has(keyword))) return undefined;
  const entries = Object.entries(properties as Record<string, JsonSchema>);
  const needed = required as readonly string[];
  const names = new Set(entries.map(([name]) => name));
  if (entries.length > MAX_FIELDS || names.has("__proto__") || !needed.every((name) => names.has(name)))
    return undefined;
  if (!columns.every(({ path: [name = "", ...deeper] }) => deeper.length === 0 && names.has(name))) return undefined;
  const fields: FieldRule[] = [];
  let requiredFields = 0;
  for (const [name, field] of entries) {
    const taking = columns.filter(({ path }) => path[0] === name);
    const check = compileCheck(field, taking[0]);
    if (check === undefined || taking.length > 1) return undefined;
    if (needed.includes(name)) requiredFields |= 1 << fields.length;
    fields.push({ name: Buffer.from(name), check, slot: taking[0]?.column.slot ?? -1 });
  }
  return { fields, requiredFields };
}
