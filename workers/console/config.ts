import { z } from "zod";
import { clickhouseConfigShape } from "../shared/clickhouse/config.ts";
import { kafkaConfigProblems, kafkaConfigShape } from "../shared/kafka/config.ts";
import { type Env, envInt, envList, loadConfig } from "../shared/runtime/config.ts";
import { AppError } from "../shared/runtime/errors.ts";
import { isLoopback, listenConfigShape } from "../shared/runtime/http/listen-config.ts";
import { envSecret, envSecretFile } from "../shared/runtime/secret-file.ts";
import { workerConfigShape } from "../shared/runtime/worker-config.ts";

const token = () => envSecret().pipe(z.string().min(16, "must have at least 16 characters")).optional();

const link = () =>
  z
    .url({ protocol: /^https?$/, error: "must be an http(s) address" })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional();

/** Variables of the console, in the order of the README's table. */
export const consoleConfigSchema = z.object({
  ...listenConfigShape,
  HTTP_PORT: envInt(0, 65_535).prefault("8081").describe("Port of the console; 0 picks a free one and logs it"),
  CONSOLE_TOKEN: token().describe(
    "Token for everything that changes state; without it nothing can be changed. Required unless HTTP_HOST is loopback",
  ),
  CONSOLE_WEBHOOK_TOKEN: token().describe("Token of Alertmanager's webhook; default: CONSOLE_TOKEN"),
  CONSOLE_TOKEN_FILE: envSecretFile().optional().describe("File with CONSOLE_TOKEN instead"),
  CONSOLE_WEBHOOK_TOKEN_FILE: envSecretFile().optional().describe("File with CONSOLE_WEBHOOK_TOKEN instead"),
  CONSOLE_READ_ACCESS: z
    .enum(["open", "token"])
    .optional()
    .describe("Who may read: `open` (anyone) or `token` (its holders); default: open on loopback, token elsewhere"),
  CONSOLE_ALLOWED_HOSTS: envList()
    .optional()
    .describe("Host names under which an open console may be asked, besides loopback; stops DNS rebinding"),
  CONSOLE_PUBLIC_URL: link().describe(
    "Address under which browsers reach the console through a proxy, with its path, as https://ops.example/countinghouse",
  ),
  ...clickhouseConfigShape,
  CLICKHOUSE_WRITE_USER: envSecret()
    .optional()
    .describe("ClickHouse user for received alerts and replay marks; default: CLICKHOUSE_USER"),
  CLICKHOUSE_WRITE_PASSWORD: envSecret().optional().describe("Its password"),
  CLICKHOUSE_WRITE_PASSWORD_FILE: envSecretFile().optional().describe("File with its password instead"),
  QUERY_TIMEOUT_SECONDS: envInt(1, 600).prefault("15").describe("A query of the console may run for this long"),
  QUERY_MAX_ROWS: envInt(100, 10_000_000).prefault("100000").describe("Most rows of one answer or download"),
  ...kafkaConfigShape,
  KAFKA_GROUP_ID: z.string().min(1).default("countinghouse").describe("Consumer group of the consumers"),
  KAFKA_LEDGER_GROUP_ID: z
    .string()
    .min(1)
    .default("countinghouse-ledger")
    .describe("Consumer group that copies the producers' ledger into ClickHouse"),
  FRESHNESS_WARN_SECONDS: envInt(1, 86_400).prefault("30").describe("The newest event older than this is a warning"),
  FRESHNESS_BAD_SECONDS: envInt(1, 86_400).prefault("60").describe("The newest event older than this is a failure"),
  PROOF_STALE_SECONDS: envInt(1, 604_800).prefault("900").describe("A proof older than this is a warning"),
  GRAFANA_URL: link().describe("Address of Grafana, for the link"),
  PROMETHEUS_URL: link().describe("Address of Prometheus, for the link"),
  ALERTMANAGER_URL: link().describe("Address of Alertmanager, for the link"),
  ...workerConfigShape,
});

export type ConsoleConfig = z.output<typeof consoleConfigSchema> & { readAccess: "open" | "token" };

/** Reads the configuration. @throws AppError `CONFIG_INVALID`. */
export function loadConsoleConfig(env: Env): ConsoleConfig {
  const config = loadConfig(consoleConfigSchema, env, kafkaConfigProblems);
  const loopback = isLoopback(config.HTTP_HOST);
  const readAccess = config.CONSOLE_READ_ACCESS ?? (loopback ? "open" : "token");
  if (config.CONSOLE_TOKEN === undefined && (!loopback || readAccess === "token")) {
    const reason = loopback
      ? "is required with CONSOLE_READ_ACCESS=token"
      : `is required because HTTP_HOST=${config.HTTP_HOST} is no loopback address; set it to a random text ` +
        "(openssl rand -hex 24), or set HTTP_HOST=127.0.0.1";
    throw new AppError("CONFIG_INVALID", `Configuration is invalid:\n  CONSOLE_TOKEN: ${reason}`, { retry: false });
  }
  return { ...config, readAccess };
}
