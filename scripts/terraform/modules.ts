import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder `terraform/` of this checkout. */
export const TERRAFORM_DIR = join(import.meta.dir, "..", "..", "terraform");

/** Every folder under `terraform/` that holds a module, relative to it, in order; named by its versions.tf. */
export function moduleDirs(): string[] {
  const found = new Bun.Glob("**/versions.tf").scanSync({ cwd: TERRAFORM_DIR });
  return [...found].map((file) => dirname(file)).sort();
}

/** The one version of the AWS provider that every module pins. @throws Error when one pins none, or another one. */
export function pinnedProvider(): string {
  const pins = moduleDirs().map((module) => {
    const hcl = readFileSync(join(TERRAFORM_DIR, module, "versions.tf"), "utf8");
    const version = /source\s+= "hashicorp\/aws"\n\s+version\s+= "(\d+\.\d+\.\d+)"/.exec(hcl)?.[1];
    if (version === undefined)
      throw new Error(`terraform/${module}/versions.tf pins no exact version of hashicorp/aws`);
    return version;
  });
  const [first, ...others] = new Set(pins);
  if (first === undefined || others.length > 0) throw new Error(`modules pin several versions: ${pins.join(", ")}`);
  return first;
}
