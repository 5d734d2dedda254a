import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";

const ROOT = join(import.meta.dir, "../..");
const port = (fallback: number) => z.coerce.number().int().min(1).max(65535).default(fallback);

const schema = z.object({
  LOCAL_DIR: z.string().default(".local"),
  LOCAL_KAFKA_PORT: port(19092),
  LOCAL_CLICKHOUSE_PORT: port(18123),
  LOCAL_CLICKHOUSE_USER: z.string().default("default"),
  LOCAL_CLICKHOUSE_PASSWORD: z.string().default(""),
  LOCAL_CONSUMER_HEALTH_PORT: port(18082),
  LOCAL_PRODUCER_HEALTH_PORT: port(18083),
  LOCAL_VERIFY_HEALTH_PORT: port(18084),
  LOCAL_CONSOLE_PORT: port(18081),
  LOCAL_CONSOLE_HEALTH_PORT: port(18085),
  LOCAL_KAFKA_METRICS_PORT: port(19404),
  LOCAL_PROMETHEUS_PORT: port(19090),
  LOCAL_ALERTMANAGER_PORT: port(19094),
  LOCAL_RATE: z.coerce.number().positive().max(50_000).default(50),
});

/** Settings of the local stack. */
export interface LocalSettings {
  /** Absolute path of the directory that holds all data, logs and pid files. */
  readonly dir: string;
  readonly kafkaPort: number;
  readonly clickhousePort: number;
  readonly clickhouseUser: string;
  readonly clickhousePassword: string;
  readonly consumerHealthPort: number;
  readonly producerHealthPort: number;
  readonly verifyHealthPort: number;
  readonly consolePort: number;
  readonly consoleHealthPort: number;
  /** Where the broker's own metrics are served. */
  readonly kafkaMetricsPort: number;
  readonly prometheusPort: number;
  readonly alertmanagerPort: number;
  /** Events per second of the simulated sources. */
  readonly rate: number;
}

/** Reads the settings from an environment. @throws {z.ZodError} naming every bad variable. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): LocalSettings {
  const read = schema.parse(env);
  return {
    dir: resolve(ROOT, read.LOCAL_DIR),
    kafkaPort: read.LOCAL_KAFKA_PORT,
    clickhousePort: read.LOCAL_CLICKHOUSE_PORT,
    clickhouseUser: read.LOCAL_CLICKHOUSE_USER,
    clickhousePassword: read.LOCAL_CLICKHOUSE_PASSWORD,
    consumerHealthPort: read.LOCAL_CONSUMER_HEALTH_PORT,
    producerHealthPort: read.LOCAL_PRODUCER_HEALTH_PORT,
    verifyHealthPort: read.LOCAL_VERIFY_HEALTH_PORT,
    consolePort: read.LOCAL_CONSOLE_PORT,
    consoleHealthPort: read.LOCAL_CONSOLE_HEALTH_PORT,
    kafkaMetricsPort: read.LOCAL_KAFKA_METRICS_PORT,
    prometheusPort: read.LOCAL_PROMETHEUS_PORT,
    alertmanagerPort: read.LOCAL_ALERTMANAGER_PORT,
    rate: read.LOCAL_RATE,
  };
}

/** The environment that makes a worker use this stack. */
export function workerEnv(settings: LocalSettings): Record<string, string> {
  return {
    KAFKA_BROKERS: `127.0.0.1:${settings.kafkaPort}`,
    CLICKHOUSE_URL: `http://127.0.0.1:${settings.clickhousePort}`,
    CLICKHOUSE_USER: settings.clickhouseUser,
    CLICKHOUSE_PASSWORD: settings.clickhousePassword,
  };
}

/** The file with the token that the console asks for, made on first use and readable by its owner only. */
export function consoleTokenFile(settings: LocalSettings): string {
  const path = join(settings.dir, "console-token");
  if (!existsSync(path)) {
    mkdirSync(settings.dir, { recursive: true });
    writeFileSync(path, randomBytes(24).toString("hex"), { mode: 0o600 });
  }
  return path;
}

/** Path of a log file by process name. */
export function logPath(settings: LocalSettings, name: string): string {
  return join(settings.dir, "logs", `${name}.log`);
}

/** Path of a pid file by process name. */
export function pidPath(settings: LocalSettings, name: string): string {
  return join(settings.dir, "run", `${name}.pid`);
}
