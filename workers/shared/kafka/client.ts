import { Kafka, type logCreator, logLevel } from "kafkajs";
import { type Clock, systemClock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import { createRepeats } from "../runtime/repeats.ts";
import { type KafkaConfig, resolveKafkaSecurity } from "./config.ts";

export type { Admin, KafkaMessage } from "kafkajs";
export type { Kafka };

/**
 * A Kafka client whose log lines go to the worker's logger, with TLS and SASL as configured. Connects lazily.
 * @param options.quiet for a caller that says itself what fails: the client logs nothing.
 * @param options.connectionTimeoutMs how long to wait for a connection.
 * @param options.retries how often the client itself tries to connect before it says why it cannot; 8 take half a minute.
 */
export function createKafkaClient(
  config: KafkaConfig,
  logger: Logger,
  options: { retries?: number; connectionTimeoutMs?: number; quiet?: boolean } = {},
): Kafka {
  const { ssl, sasl } = resolveKafkaSecurity(config);
  const log = logger.child({ component: "kafka" });
  return new Kafka({
    brokers: config.KAFKA_BROKERS,
    clientId: config.KAFKA_CLIENT_ID,
    ssl,
    ...(sasl ? { sasl: sasl as never } : {}),
    connectionTimeout: options.connectionTimeoutMs ?? 5_000,
    requestTimeout: 30_000,
    retry: { initialRetryTime: 200, maxRetryTime: 5_000, retries: options.retries ?? 8 },
    logLevel: options.quiet ? logLevel.NOTHING : logLevel.INFO,
    logCreator: logCreatorOf(log),
  });
}

/** Turns the client's log lines into those of the worker; `repeated` counts how often one was left out meanwhile. */
export function logCreatorOf(log: Logger, clock: Clock = systemClock): logCreator {
  const repeats = createRepeats(clock);
  const warn = (fields: Record<string, unknown>, message: string) => {
    const repeated = repeats(JSON.stringify([message, fields.error, fields.groupId, fields.broker]));
    if (repeated !== undefined) log.warn({ ...fields, ...repeated }, message);
  };
  return () =>
    ({ level, log: { message, timestamp: _, logger: __, stack: ___, ...fields } }) => {
      // Stacks are of the client's inside: they say nothing about what is wrong with the broker.
      // The client's own "info" lines are debugging detail for an operator; its errors are retried by us, so warnings.
      if (level <= logLevel.WARN) warn(fields, message);
      else log.debug(fields, message);
    };
}
