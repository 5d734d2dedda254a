/**
 * Tables of inputs and outputs in the README of every Terraform module: `bun scripts/terraform/readme.ts` compares and names
 * what is outdated (exit 1), with `--write` it brings them up to date.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { declarations, moduleTables, withTables } from "./hcl.ts";
import { moduleDirs, TERRAFORM_DIR } from "./modules.ts";

/** What is wrong with the READMEs, one line each; with `write` the outdated ones are rewritten and not reported. */
export function outdatedReadmes(write: boolean): string[] {
  return moduleDirs().flatMap((module) => {
    const read = (file: string) => {
      const path = join(TERRAFORM_DIR, module, file);
      return existsSync(path) ? readFileSync(path, "utf8") : "";
    };
    const variables = declarations(read("variables.tf"), "variable");
    const outputs = declarations(read("outputs.tf"), "output");
    const undescribed = [...variables, ...outputs].filter((declaration) => declaration.description === "");
    const problems = undescribed.map((declaration) => `terraform/${module}: ${declaration.name} has no description`);
    const readme = read("README.md");
    const wanted = withTables(readme, moduleTables(variables, outputs));
    if (wanted === undefined) return [...problems, `terraform/${module}/README.md has no place for generated tables`];
    if (wanted === readme) return problems;
    if (!write)
      return [...problems, `terraform/${module}/README.md is outdated: run scripts/terraform/readme.ts --write`];
    writeFileSync(join(TERRAFORM_DIR, module, "README.md"), wanted);
    return problems;
  });
}

if (import.meta.main) {
  const problems = outdatedReadmes(process.argv.includes("--write"));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
