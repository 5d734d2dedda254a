import { createClickHouse } from "../../shared/clickhouse/client.ts";
import { loadConfig } from "../../shared/runtime/config.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import type { CliIo } from "../cli/io.ts";
import { lakeConfigSchema, parseLakeUrl } from "./config.ts";
import { credentialSource } from "./credentials.ts";
import { FileTarget } from "./file-target.ts";
import { S3Target } from "./s3-target.ts";
import type { LakeServices } from "./services.ts";

/** Reads the lake's variables, runs with a connection for long statements, and closes it. @throws AppError `CONFIG_INVALID` */
export async function openLake<T>(io: CliIo, run: (services: LakeServices) => Promise<T>): Promise<T> {
  const config = loadConfig(lakeConfigSchema, io.env);
  const location = parseLakeUrl(config.LAKE_URL);
  // The schema has refused it already.
  if (location === undefined)
    throw new AppError("CONFIG_INVALID", "LAKE_URL is no address of a lake", { retry: false });
  const timeoutMs = config.LAKE_STATEMENT_TIMEOUT_MS;
  const clickhouse = createClickHouse({ ...config, CLICKHOUSE_TIMEOUT_MS: timeoutMs });
  try {
    if (location.kind === "s3") {
      const credentials = credentialSource(config, io.clock);
      return await run({ io, clickhouse, target: new S3Target(location, config, { clickhouse, credentials }) });
    }
    const target = new FileTarget(location, { clickhouse });
    await target.sweep(io.clock.now());
    return await run({ io, clickhouse, target });
  } finally {
    await clickhouse.close();
  }
}
