import { readFileSync } from "node:fs";
import { join } from "node:path";
import { STRUCTURE } from "../../workers/ops/lake/columns.ts";
import { TERRAFORM_DIR } from "./modules.ts";

/** Glue's name of a type in a lake file, as ClickHouse calls it; undefined for one that no lake file has. */
export function glueType(type: string): string | undefined {
  const decimal = /^Decimal\((\d+), (\d+)\)$/.exec(type);
  if (decimal !== null) return `decimal(${decimal[1]},${decimal[2]})`;
  if (type.startsWith("DateTime64(3")) return "timestamp";
  return { String: "string", Bool: "boolean", Int32: "int", Int64: "bigint" }[type];
}

/** Columns of the lake's files as `name type` in Glue's types. */
export function exportedColumns(structure: string = STRUCTURE): string[] {
  const columns = structure.matchAll(/(\w+) (\w+(?:\([^)]*\))?)(?:, |$)/g);
  return Array.from(columns, ([, name = "", type = ""]) => `${name} ${glueType(type) ?? `unknown ${type}`}`);
}

/** Columns of the Glue table, as the module lists them. */
export function tableColumns(): string[] {
  const hcl = readFileSync(join(TERRAFORM_DIR, "modules", "lake", "catalog.tf"), "utf8");
  return Array.from(hcl.matchAll(/\{ name = "(\w+)", type = "([^"]+)"/g), ([, name, type]) => `${name} ${type}`);
}
