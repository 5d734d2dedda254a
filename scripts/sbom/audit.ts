import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isBlocking, readAdvisories } from "./advisories.ts";
import { readProduct } from "./lockfile.ts";

const ROOT = join(import.meta.dir, "../..");
const TIMEOUT_MS = 120_000;

/** Asks the registry for known weaknesses of all packages in bun.lock, and says what it knows. */
export async function auditPackages(): Promise<"passed" | "failed" | "skipped"> {
  const product = readProduct(readFileSync(join(ROOT, "bun.lock"), "utf8"));
  const asked = Bun.spawn([process.execPath, "audit", "--json"], {
    cwd: ROOT,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: TIMEOUT_MS,
  });
  const [out, err] = await Promise.all([new Response(asked.stdout).text(), new Response(asked.stderr).text()]);
  await asked.exited;
  const advisories = readAdvisories(out, new Set(product.packages.map(({ name }) => name)));
  if (advisories === undefined) {
    const status = /\b([45]\d\d)\s*$/.exec(err.trim())?.[1];
    const reason = status === undefined ? "it does not answer" : `it answers ${status}`;
    console.log(
      `SKIPPED: the registry could not be asked for advisories: ${reason}. Run \`make audit\` where it can be.`,
    );
    return "skipped";
  }
  for (const found of advisories) {
    const where = found.inProduct ? "in the product" : "for building and testing only";
    console.log(`${found.severity}: ${found.package} (${where}): ${found.title} ${found.url}`);
  }
  const blocking = advisories.filter(isBlocking).length;
  console.log(
    blocking > 0
      ? `${blocking} must be dealt with: update the package (bun update), or replace it`
      : `no blocking advisory; ${product.packages.length} packages in the product`,
  );
  return blocking > 0 ? "failed" : "passed";
}
