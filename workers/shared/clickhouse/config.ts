import { z } from "zod";
import { envInt } from "../runtime/config.ts";
import { envFile, envSecret, envSecretFile } from "../runtime/secret-file.ts";
import { readCaFile } from "../runtime/tls-errors.ts";

/** Variables of every worker that talks to ClickHouse. */
export const clickhouseConfigShape = {
  CLICKHOUSE_URL: z
    .url({ protocol: /^https?$/, error: "must be an address such as http://host:1234" })
    // Addresses are written to logs and messages.
    .refine(hasNoLogin, "must hold no login: set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD")
    .default("http://127.0.0.1:18123")
    .describe("HTTP(S) address of ClickHouse"),
  CLICKHOUSE_CA_FILE: envFile(readCaFile)
    .optional()
    .describe("PEM file of the CA that signed ClickHouse's certificate; default: the public CAs"),
  CLICKHOUSE_USER: envSecret().prefault("default").describe("ClickHouse user"),
  CLICKHOUSE_PASSWORD: envSecret().prefault("").describe("ClickHouse password"),
  CLICKHOUSE_PASSWORD_FILE: envSecretFile()
    .optional()
    .describe("File with the ClickHouse password instead; read again when ClickHouse refuses the one in use"),
  CLICKHOUSE_DATABASE: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, "must be a name of letters, digits, _ and -")
    .default("countinghouse")
    .describe("Database of the pipeline's tables"),
  CLICKHOUSE_TIMEOUT_MS: envInt(1_000, 3_600_000)
    .prefault("60000")
    .describe("A request without an answer for this long has failed, ms"),
};

export type ClickHouseConfig = z.output<z.ZodObject<typeof clickhouseConfigShape>>;

type WriteUser = {
  CLICKHOUSE_WRITE_USER?: string | undefined;
  CLICKHOUSE_WRITE_PASSWORD?: string | undefined;
  CLICKHOUSE_WRITE_PASSWORD_FILE?: string | undefined;
};

/** The configuration of the client that writes, where a worker has a user of its own for that. */
export function asWriteUser<C extends ClickHouseConfig & WriteUser>(config: C): C {
  if (config.CLICKHOUSE_WRITE_USER === undefined) return config;
  return {
    ...config,
    CLICKHOUSE_USER: config.CLICKHOUSE_WRITE_USER,
    CLICKHOUSE_PASSWORD: config.CLICKHOUSE_WRITE_PASSWORD ?? "",
    CLICKHOUSE_PASSWORD_FILE: config.CLICKHOUSE_WRITE_PASSWORD_FILE,
  };
}

function hasNoLogin(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { username, password, search } = new URL(url);
  return username === "" && password === "" && search === "";
}
