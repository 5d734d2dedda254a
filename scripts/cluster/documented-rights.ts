import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KafkaUserSpec } from "./lab/operator/acls.ts";
import { RELEASE, ROOT } from "./settings.ts";

export type Rules = NonNullable<KafkaUserSpec["authorization"]>["acls"];

/** A row of the table, and what stands in it: user, kind of resource, pattern, names, operations. */
const ROW = /^\| `(\w+)` \| (topic|group)s?( with the prefix)? (`.*`) \| ((?:[A-Z]\w+(?:, )?)+) \|$/gm;

/**
 * The rights in Kafka that docs/kubernetes.md lists, by user. A test of the chart holds them to its template, so whoever tests
 * with them tests with the rights that a pod has.
 */
export function documentedRights(): Map<string, Rules> {
  const rights = new Map<string, Rules>();
  const text = readFileSync(join(ROOT, "docs/kubernetes.md"), "utf8");
  for (const [, user = "", type = "", prefix, names = "", operations = ""] of text.matchAll(ROW)) {
    const patternType = prefix === undefined ? "literal" : "prefix";
    const rules = [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => ({
      operations: operations.split(", "),
      resource: { type, name: name.replace("<fullname>", RELEASE), patternType } as const,
    }));
    rights.set(user, [...(rights.get(user) ?? []), ...rules]);
  }
  return rights;
}
