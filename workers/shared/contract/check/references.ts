import type { JsonSchema } from "../document.ts";
import type { DocumentPath } from "../mistake.ts";
import type { Report } from "./checked-file.ts";
import { refTarget } from "./schema-paths.ts";
import { walk } from "./walk.ts";

/** Schemas a payload is compared with at most, with references written out. */
const MAX_SCHEMAS = 5_000;

/** References that lead nowhere, in circles, or to more schemas than a message should be compared with. */
export function checkReferences(root: JsonSchema, path: DocumentPath, report: Report): void {
  const sizes = new Map<JsonSchema, number>();
  const places = new Set<string>();
  const once: Report = (place, ...rest) => {
    const text = JSON.stringify(place);
    if (!places.has(text)) report(place, ...rest);
    places.add(text);
  };
  const size = (schema: JsonSchema, place: DocumentPath, above: readonly JsonSchema[]): number => {
    const known = sizes.get(schema);
    if (known !== undefined) return known;
    let total = 0;
    walk(schema, place, (one, inside) => {
      total += 1;
      if (typeof one.$ref !== "string") return;
      const target = refTarget(root, one);
      const at = [...inside, "$ref"];
      if (target === undefined)
        once(at, "NOT_DECLARED", `nothing is called ${one.$ref}`, "add it under $defs at the top of this schema");
      else if (target === schema || above.includes(target))
        once(at, "KEYWORD", "refers to itself: a payload could be nested without end", "write out the levels you need");
      else total += size(target, [...path, "$defs", one.$ref.slice("#/$defs/".length)], [...above, schema]);
    });
    sizes.set(schema, total);
    return total;
  };
  if (size(root, path, []) <= MAX_SCHEMAS) return;
  const message = `compares a payload with more than ${MAX_SCHEMAS} schemas, references written out`;
  report(path, "TOO_MANY", message, "make it smaller", { key: true });
}
