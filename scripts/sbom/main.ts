/**
 * `bun scripts/sbom/main.ts sbom|audit|check`: writes the bill of materials to dist/sbom.cdx.json; asks for known
 * weaknesses; or both. The last line is `N passed, N failed, N skipped`. Exit codes: 0 well, 1 not, 2 usage, 77 the audit
 * was skipped, which its output explains.
 */
import { auditPackages } from "./audit.ts";
import { writeSbom } from "./write.ts";

const EXIT = { ok: 0, failed: 1, usage: 2, skipped: 77 } as const;

const [command = ""] = process.argv.slice(2);
if (!["sbom", "audit", "check"].includes(command)) {
  console.error("usage: bun scripts/sbom/main.ts sbom|audit|check");
  process.exit(EXIT.usage);
}
const results: ("passed" | "failed" | "skipped")[] = [];
if (command !== "audit") results.push((await writeSbom()) ? "passed" : "failed");
if (command !== "sbom") results.push(await auditPackages());
const count = (wanted: string) => results.filter((result) => result === wanted).length;
console.log(`${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`);
process.exitCode = count("failed") > 0 ? EXIT.failed : count("skipped") > 0 ? EXIT.skipped : EXIT.ok;
