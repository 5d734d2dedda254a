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

/** Path of a log file by process name. */
export function logPath(settings: LocalSettings, name: string): string {
  return join(settings.dir, "logs", `${name}.log`);
}

/** Path of a pid file by process name. */
export function pidPath(settings: LocalSettings, name: string): string {
  return join(settings.dir, "run", `${name}.pid`);
}
