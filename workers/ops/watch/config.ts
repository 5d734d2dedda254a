import { z } from "zod";
import { envSecret, envSecretFile } from "../../shared/runtime/secret-file.ts";
import { workerConfigShape } from "../../shared/runtime/worker-config.ts";
import { opsConfigShape } from "../config.ts";

/** What `ops verify --watch` reads besides the variables of every command. */
export const watchOnlyConfigSchema = z.object({
  ...workerConfigShape,
  CLICKHOUSE_WRITE_USER: envSecret()
    .optional()
    .describe("ClickHouse user that records the runs of `verify --watch`; default: CLICKHOUSE_USER"),
  CLICKHOUSE_WRITE_PASSWORD: envSecret().optional().describe("Its password"),
  CLICKHOUSE_WRITE_PASSWORD_FILE: envSecretFile().optional().describe("File with its password instead"),
});

/** All variables of `ops verify --watch`. */
export const watchConfigSchema = z.object({ ...opsConfigShape, ...watchOnlyConfigSchema.shape });
