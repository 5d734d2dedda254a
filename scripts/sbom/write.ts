import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { bomProblems, renderBom } from "./bom.ts";
import { declaredLicense, type LockedPackage, readProduct } from "./lockfile.ts";

const ROOT = join(import.meta.dir, "../..");
const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  devDependencies: z.object({ bun: z.string() }),
});

/** Writes the product's bill of materials, unless it breaks the standard. Answers whether it did. */
export async function writeSbom(file = join(ROOT, "dist/sbom.cdx.json")): Promise<boolean> {
  const manifest = manifestSchema.parse(await Bun.file(join(ROOT, "package.json")).json());
  const product = readProduct(readFileSync(join(ROOT, "bun.lock"), "utf8"));
  const { name, version, license } = manifest;
  const bunVersion = manifest.devDependencies.bun;
  const licenseOf = (found: LockedPackage) => declaredLicense(ROOT, found);
  const text = renderBom(product, { name, version, license, bunVersion, timestamp: commitTime(), licenseOf });
  const problems = bomProblems(text);
  if (problems !== undefined) {
    console.error(`The bill of materials does not satisfy CycloneDX 1.6:\n${problems}`);
    return false;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`${file}: ${product.packages.length} packages and Bun ${bunVersion}, valid CycloneDX 1.6`);
  return true;
}

/** When the commit was made; without git, when the lockfile was last changed. */
function commitTime(): Date {
  const git = Bun.spawnSync(["git", "show", "-s", "--format=%cI", "HEAD"], { cwd: ROOT, stderr: "ignore" });
  const time = new Date(git.stdout.toString().trim());
  return Number.isNaN(time.getTime()) ? new Date(Bun.file(join(ROOT, "bun.lock")).lastModified) : time;
}
