import { isIPv6 } from "node:net";
import { z } from "zod";
import { envBool, envInt } from "../runtime/config.ts";
import { AppError } from "../runtime/errors.ts";
import { envFile, envSecret, envSecretFile, readSecretFile } from "../runtime/secret-file.ts";
import { readCaFile } from "../runtime/tls-errors.ts";

/** `host:port` parts, comma-separated; an IPv6 address in brackets. */
const brokers = z.string().transform((text, context): string[] => {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const bad = parts.filter((part) => !isHostPort(part));
  if (parts.length > 0 && bad.length === 0) return parts;
  // Whatever stands before an @ may be a password.
  const shown = bad.map((part) => (part.includes("@") ? "an address with a login" : part));
  const found = bad.length > 0 ? `; ${shown.join(", ")} is not` : "";
  const message = `must be host:port, several separated by commas, IPv6 as [::1]:9092${found}`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

function isHostPort(text: string): boolean {
  const [, ipv6, name, port] = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) return false;
  return ipv6 === undefined ? name !== undefined : isIPv6(ipv6);
}

/** Variables of every worker that talks to Kafka. */
export const kafkaConfigShape = {
  KAFKA_BROKERS: brokers.prefault("127.0.0.1:19092").describe("Bootstrap brokers, host:port, comma-separated"),
  KAFKA_CLIENT_ID: z.string().default("countinghouse").describe("Client id shown in broker logs and quotas"),
  KAFKA_SSL: envBool().prefault("false").describe("Encrypt connections to the brokers"),
  KAFKA_SSL_CA_FILE: envFile(readCaFile)
    .optional()
    .describe("PEM file of the CA that signed the brokers' certificates; default: the public CAs"),
  KAFKA_SASL_MECHANISM: z
    .enum(["scram-sha-512", "scram-sha-256", "plain"])
    .optional()
    .describe("SASL mechanism; unset connects without authentication"),
  KAFKA_SASL_USERNAME: envSecret().optional().describe("SASL user"),
  KAFKA_SASL_PASSWORD: envSecret().optional().describe("SASL password"),
  KAFKA_SASL_PASSWORD_FILE: envSecretFile()
    .optional()
    .describe("File with the SASL password instead; read again for every new connection"),
  KAFKA_EVENTS_TOPIC: z.string().default("events").describe("Topic of events"),
  KAFKA_DLQ_TOPIC: z.string().default("events.dlq").describe("Topic of dead letters"),
  KAFKA_LEDGER_TOPIC: z.string().default("events.ledger").describe("Compacted topic of the producers' ledger"),
};

/** The size of the producer's batches, which the topic's limit must allow. */
export const sendBatchBytes = () =>
  envInt(1_000, 100_000_000)
    .prefault("524288")
    .describe("Most bytes of one partition in one request; keep below the topic's max.message.bytes");

export type KafkaConfig = z.output<z.ZodObject<typeof kafkaConfigShape>>;

const TOPICS = ["KAFKA_EVENTS_TOPIC", "KAFKA_DLQ_TOPIC", "KAFKA_LEDGER_TOPIC"] as const;

/** The names of the topics as they are configured. */
export type TopicNames = Pick<KafkaConfig, (typeof TOPICS)[number]>;

/** The variable that names a topic. */
export function topicVariable(topic: string, config: TopicNames): (typeof TOPICS)[number] {
  return TOPICS.find((name) => config[name] === topic) ?? "KAFKA_EVENTS_TOPIC";
}

/** Connection options as the configuration has them. What comes from files is read anew whenever it is looked at. */
export type KafkaSecurity = {
  ssl: boolean | { readonly ca: string[] };
  sasl?: { mechanism: "scram-sha-512" | "scram-sha-256" | "plain"; username: string; readonly password: string };
};

/**
 * TLS and SASL options. The client looks at them for every connection, so a password or CA that is replaced in its file
 * is used from the next connection on, without a restart.
 * @throws AppError `CONFIG_INVALID` when user or password are missing.
 */
export function resolveKafkaSecurity(config: KafkaConfig): KafkaSecurity {
  const { KAFKA_SSL_CA_FILE: caFile, KAFKA_SASL_MECHANISM: mechanism } = config;
  const ssl = config.KAFKA_SSL && caFile !== undefined ? caFromFile(caFile) : config.KAFKA_SSL;
  if (!mechanism) return { ssl };
  const { KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password, KAFKA_SASL_PASSWORD_FILE: file } = config;
  if (username === undefined || (password === undefined && file === undefined)) {
    throw new AppError(
      "CONFIG_INVALID",
      "KAFKA_SASL_MECHANISM is set: KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are needed too",
      { retry: false },
    );
  }
  const sasl = {
    mechanism,
    username,
    get password() {
      return file === undefined ? (password ?? "") : readSecretFile(file);
    },
  };
  return { ssl, sasl };
}

function caFromFile(file: string) {
  return {
    get ca() {
      return [readCaFile(file)];
    },
  };
}

/** What is wrong with the combination of the Kafka variables, for {@link loadConfig}. */
export function kafkaConfigProblems(config: Partial<KafkaConfig>): string[] {
  const problems: string[] = [];
  if (config.KAFKA_SASL_MECHANISM !== undefined) {
    for (const name of ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"] as const) {
      if (config[name] === undefined) problems.push(`${name}: is required with KAFKA_SASL_MECHANISM`);
    }
  }
  return problems;
}
