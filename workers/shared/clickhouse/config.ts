import { z } from "zod";
import { envInt } from "../runtime/config.ts";

/** Variables of every worker that talks to ClickHouse. */
export const clickhouseConfigShape = {
  CLICKHOUSE_URL: z.url().default("http://127.0.0.1:18123").describe("HTTP(S) address of ClickHouse"),
  CLICKHOUSE_USER: z.string().default("default").describe("ClickHouse user"),
  CLICKHOUSE_PASSWORD: z.string().default("").describe("ClickHouse password"),
  CLICKHOUSE_DATABASE: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a plain identifier")
    .default("countinghouse")
    .describe("Database of the pipeline's tables"),
  CLICKHOUSE_TIMEOUT_MS: envInt(1_000, 3_600_000)
    .prefault("60000")
    .describe("A request without an answer for this long has failed, ms"),
};

export type ClickHouseConfig = z.output<z.ZodObject<typeof clickhouseConfigShape>>;
