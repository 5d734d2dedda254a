/**
 * Writes the JSON Schemas that chart-test checks manifests against: Kubernetes' own kinds from its OpenAPI document, custom
 * resources from their CRDs, without descriptions and with unknown fields refused.
 *
 *   bun scripts/cluster/schemas.ts SWAGGER_JSON CRD_FILE_OR_DIRECTORY...
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Schema = { [key: string]: unknown };

export const SCHEMA_DIR = join(import.meta.dir, "chart-tests/schemas");

/** Kinds of Kubernetes itself that the chart and the manifests use. */
const CORE: Readonly<Record<string, readonly string[]>> = {
  "io.k8s.api.core.v1": ["ConfigMap", "Namespace", "Pod", "Secret", "Service", "ServiceAccount"],
  "io.k8s.api.apps.v1": ["Deployment", "StatefulSet"],
  "io.k8s.api.batch.v1": ["CronJob", "Job"],
  "io.k8s.api.autoscaling.v2": ["HorizontalPodAutoscaler"],
  "io.k8s.api.networking.v1": ["Ingress", "NetworkPolicy"],
  "io.k8s.api.policy.v1": ["PodDisruptionBudget"],
  "io.k8s.api.rbac.v1": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
};

/** File name by the rule of kubeconform: kind, first part of the group, version. */
function fileName(kind: string, group: string, version: string): string {
  const parts = [kind, group.split(".")[0], version].filter((part) => part);
  return `${parts.join("-").toLowerCase()}.json`;
}

/** Keeps what constrains a value and refuses fields that are not declared. */
function strict(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(strict);
  if (typeof node !== "object" || node === null) return node;
  const schema = node as Schema;
  if (schema["x-kubernetes-int-or-string"] === true || schema.format === "int-or-string")
    return { type: ["string", "integer"] };
  const result: Schema = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties") {
      const entries = Object.entries(value as Schema).map(([name, property]) => [name, strict(property)]);
      result.properties = Object.fromEntries(entries);
    } else if (!/^(description|title|default|example|format|x-.*)$/.test(key)) result[key] = strict(value);
  }
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true || "additionalProperties" in schema;
  if (schema.properties !== undefined && !isOpen) result.additionalProperties = false;
  return result;
}

/** The definitions that a schema refers to, directly or not. */
function closure(definitions: Readonly<Record<string, Schema>>, root: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const visit = (name: string) => {
    if (name in found) return;
    // A quantity is written as text or as a number.
    found[name] = name.endsWith(".Quantity")
      ? { type: ["string", "number"] }
      : name.endsWith(".IntOrString")
        ? { type: ["string", "integer"] }
        : strict(definitions[name]);
    for (const [, target] of JSON.stringify(definitions[name]).matchAll(/"#\/definitions\/([^"]+)"/g))
      visit(target ?? "");
  };
  visit(root);
  return found;
}

function write(name: string, schema: unknown): void {
  writeFileSync(join(SCHEMA_DIR, name), `${JSON.stringify(schema)}\n`);
}

function writeCore(file: string): void {
  const { definitions } = JSON.parse(readFileSync(file, "utf8")) as { definitions: Record<string, Schema> };
  for (const [prefix, kinds] of Object.entries(CORE)) {
    const [, , , group = "", version = "v1"] = prefix.split(".");
    for (const kind of kinds) {
      const root = `${prefix}.${kind}`;
      const schema = { $ref: `#/definitions/${root}`, definitions: closure(definitions, root) };
      write(fileName(kind, group === "core" ? "" : group, version), schema);
    }
  }
}

type Crd = {
  kind: string;
  spec: {
    group: string;
    names: { kind: string };
    versions: { name: string; served: boolean; schema: { openAPIV3Schema: Schema } }[];
  };
};

function writeCrd(file: string): void {
  const parsed = Bun.YAML.parse(readFileSync(file, "utf8")) as Crd | Crd[];
  for (const { kind, spec } of Array.isArray(parsed) ? parsed : [parsed]) {
    if (kind !== "CustomResourceDefinition") continue;
    for (const { name, served, schema } of spec.versions) {
      if (!served) continue;
      const converted = strict(schema.openAPIV3Schema) as { properties: Schema };
      // Set by the API server's own rules, which the CRD leaves out.
      converted.properties.metadata = { type: "object" };
      write(fileName(spec.names.kind, spec.group, name), converted);
    }
  }
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesOf(join(path, name)));
}

const [swagger, ...crds] = process.argv.slice(2);
if (swagger === undefined || crds.length === 0) {
  console.error("usage: bun scripts/cluster/schemas.ts SWAGGER_JSON CRD_FILE_OR_DIRECTORY...");
  process.exit(2);
}
rmSync(SCHEMA_DIR, { recursive: true, force: true });
await Bun.write(join(SCHEMA_DIR, ".keep"), "");
writeCore(swagger);
for (const file of crds.flatMap(filesOf)) writeCrd(file);
rmSync(join(SCHEMA_DIR, ".keep"));
console.log(`${readdirSync(SCHEMA_DIR).length} schemas in ${SCHEMA_DIR}`);
