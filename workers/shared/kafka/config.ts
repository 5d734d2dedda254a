import { readFileSync } from "node:fs";
import { z } from "zod";
import { envBool, envList } from "../runtime/config.ts";
import { AppError } from "../runtime/errors.ts";

/** Variables of every worker that talks to Kafka. */
export const kafkaConfigShape = {
  KAFKA_BROKERS: envList().prefault("127.0.0.1:19092").describe("Bootstrap brokers, host:port, comma-separated"),
  KAFKA_CLIENT_ID: z.string().default("countinghouse").describe("Client id shown in broker logs and quotas"),
  KAFKA_SSL: envBool().prefault("false").describe("Encrypt connections to the brokers"),
  KAFKA_SSL_CA_FILE: z.string().optional().describe("PEM file of the CA that signed the brokers' certificates"),
  KAFKA_SASL_MECHANISM: z
    .enum(["scram-sha-512", "scram-sha-256", "plain"])
    .optional()
    .describe("SASL mechanism; unset connects without authentication"),
  KAFKA_SASL_USERNAME: z.string().optional().describe("SASL user"),
  KAFKA_SASL_PASSWORD: z.string().optional().describe("SASL password"),
  KAFKA_EVENTS_TOPIC: z.string().default("events").describe("Topic of events"),
  KAFKA_DLQ_TOPIC: z.string().default("events.dlq").describe("Topic of dead letters"),
  KAFKA_LEDGER_TOPIC: z.string().default("events.ledger").describe("Compacted topic of the producers' ledger"),
};

export type KafkaConfig = z.output<z.ZodObject<typeof kafkaConfigShape>>;

/** Connection options resolved from the configuration: files read, combinations checked. */
export type KafkaSecurity = {
  ssl: boolean | { ca: string[] };
  sasl?: { mechanism: "scram-sha-512" | "scram-sha-256" | "plain"; username: string; password: string };
};

/**
 * Resolves TLS and SASL options.
 * @throws AppError `CONFIG_INVALID` when user or password are missing, or the CA file cannot be read.
 */
export function resolveKafkaSecurity(config: KafkaConfig): KafkaSecurity {
  const ssl =
    config.KAFKA_SSL && config.KAFKA_SSL_CA_FILE ? { ca: [readCa(config.KAFKA_SSL_CA_FILE)] } : config.KAFKA_SSL;
  const mechanism = config.KAFKA_SASL_MECHANISM;
  if (!mechanism) return { ssl };
  const { KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = config;
  if (username === undefined || password === undefined) {
    throw new AppError(
      "CONFIG_INVALID",
      "KAFKA_SASL_MECHANISM is set: KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are needed too",
      { retry: false },
    );
  }
  return { ssl, sasl: { mechanism, username, password } };
}

function readCa(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new AppError("CONFIG_INVALID", `KAFKA_SSL_CA_FILE: cannot read ${path}`, { retry: false, cause });
  }
}
