import { createClickHouse } from "../../shared/clickhouse/client.ts";
import { lakeConfigSchema, parseLakeUrl } from "../lake/config.ts";
import { credentialSource } from "../lake/credentials.ts";
import { FileTarget } from "../lake/file-target.ts";
import { S3Target } from "../lake/s3-target.ts";
import type { LakeTarget } from "../lake/target.ts";
import type { Check, Outcome } from "./check.ts";
import { limited, type Session, toFinding } from "./session.ts";

/** The lake, where LAKE_URL is set. */
export function lakeChecks(session: Session): Check[] {
  return [{ name: "lake", needs: ["clickhouse"], run: () => checkLake(session) }];
}

async function checkLake(session: Session): Promise<Outcome> {
  const { LAKE_URL: url } = session.config;
  const location = url === undefined ? undefined : parseLakeUrl(url);
  if (url === undefined || location === undefined) return { skipped: "LAKE_URL is not set" };
  const clickhouse = createClickHouse(limited(session.config));
  try {
    const config = lakeConfigSchema.parse(session.io.env);
    const target: LakeTarget =
      location.kind === "file"
        ? new FileTarget(location, { clickhouse })
        : new S3Target(location, config, { clickhouse, credentials: credentialSource(config, session.io.clock) });
    await target.probe();
    return { found: `${target.name} can be written, listed and cleaned up`, findings: [] };
  } catch (error) {
    const finding = toFinding(error, "check LAKE_URL, LAKE_S3_ENDPOINT, the keys, and what they may do in the bucket");
    return { found: "", findings: [finding] };
  } finally {
    await clickhouse.close();
  }
}
