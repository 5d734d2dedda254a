import type { ExitCode } from "../cli/exit-codes.ts";
import type { Services } from "../cli/services.ts";
export async function runAudit(
  _s: Services,
  _o: { waitMs: number; json: boolean; allowUnseen: boolean; tempDir: string | undefined },
): Promise<ExitCode> {
  return 3;
}
