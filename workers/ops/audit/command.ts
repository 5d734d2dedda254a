import type { ExitCode } from "../cli/exit-codes.ts";
import { throwIfInterrupted } from "../cli/interrupt.ts";
import type { Services } from "../cli/services.ts";
import { renderAudit } from "./render.ts";
import { auditExitCode, auditToJson } from "./report.ts";
import { type AuditOptions, audit } from "./run.ts";

/** `ops verify --audit`. */
export async function runAudit(services: Services, options: AuditOptions & { json: boolean }): Promise<ExitCode> {
  const report = await audit(services, options);
  throwIfInterrupted(services.io);
  services.io.out(options.json ? auditToJson(report) : renderAudit(report));
  return auditExitCode(report.verdict);
}
