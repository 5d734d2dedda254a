import { pino } from "pino";
import { type ClickHouse, createClickHouse } from "../../shared/clickhouse/client.ts";
import { type Admin, createKafkaClient } from "../../shared/kafka/client.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import type { Finding } from "../../shared/runtime/finding.ts";
import type { CliIo } from "../cli/io.ts";
import type { DoctorConfig } from "./config.ts";

/** Whoever asks a doctor sits in front of a terminal: a request to ClickHouse may take this long, ms. */
const CLICKHOUSE_TIMEOUT_MS = 15_000;

/** What the checks share: connections, and what an earlier check found out. */
export type Session = {
  readonly config: DoctorConfig;
  readonly io: CliIo;
  readonly clickhouse: ClickHouse;
  /** The ClickHouse role that the login plays, as far as it was found out: `insert`, `operate`, … */
  role: string | undefined;
  /** Days for which raw events are kept, once they were read. */
  rawRetentionDays: number | undefined;
  /** Connects on first use. @throws AppError `KAFKA_…`. */
  kafka(): Promise<Admin>;
  close(): Promise<void>;
};

export function openSession(config: DoctorConfig, io: CliIo, role: string | undefined): Session {
  const clickhouse = createClickHouse(limited(config));
  let admin: Promise<Admin> | undefined;
  return {
    config,
    io,
    clickhouse,
    role,
    rawRetentionDays: undefined,
    kafka: () => {
      admin ??= connect(config);
      return admin;
    },
    close: async () => {
      const connected = await admin?.catch(() => undefined);
      await Promise.allSettled([connected?.disconnect(), clickhouse.close()]);
    },
  };
}

/** The configuration with a limit for requests that suits a terminal. */
export function limited(config: DoctorConfig): DoctorConfig {
  return { ...config, CLICKHOUSE_TIMEOUT_MS: Math.min(config.CLICKHOUSE_TIMEOUT_MS, CLICKHOUSE_TIMEOUT_MS) };
}

async function connect(config: DoctorConfig): Promise<Admin> {
  const logger = pino({ name: "ops", level: config.LOG_LEVEL }, pino.destination({ fd: 2, sync: true }));
  // Quick to give up: the person can ask again. Twice, as brokers that just started look for a group's coordinator first.
  const admin = createKafkaClient(config, logger, { retries: 2 }).admin();
  await kafkaCall(() => admin.connect());
  return admin;
}

/** A failure as a finding. @throws what is no AppError. */
export function toFinding(error: unknown, next: string): Finding {
  if (!(error instanceof AppError)) throw error;
  return { code: error.code, severity: "wrong", found: error.message, next: error.next ?? next };
}

/** Runs a reading that this login may be denied: undefined then, as the check of rights says what is missing. */
export async function ifAllowed<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AppError && error.code === "CLICKHOUSE_497") return undefined;
    throw error;
  }
}
