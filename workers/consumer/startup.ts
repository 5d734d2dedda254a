import { type ClickHouse, INSERT_SETTINGS, RELIED_ON } from "../shared/clickhouse/client.ts";
import { assertLedgerPartitions, readLedgerPartitions } from "../shared/clickhouse/ledger-partitions.ts";
import { RETENTION_SLACK_DAYS } from "../shared/clickhouse/retention.ts";
import { probeInsert } from "../shared/clickhouse/rules/insert-probe.ts";
import { refusalFindings } from "../shared/clickhouse/rules/setting-rules.ts";
import { storeFindings } from "../shared/clickhouse/rules/store-findings.ts";
import type { Admin, Kafka } from "../shared/kafka/client.ts";
import { kafkaCall } from "../shared/kafka/errors.ts";
import { assertAppendTime } from "../shared/kafka/topic-time.ts";
import { AppError, errorFields } from "../shared/runtime/errors.ts";
import { refuseIfWrong } from "../shared/runtime/finding.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import { sayIfSlow } from "../shared/runtime/say-if-slow.ts";
import { sleep } from "../shared/runtime/sleep.ts";
import type { ConsumerConfig } from "./config.ts";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 3_000;
/** A single answer that takes longer is said to be waited for, ms. */
const SLOW_MS = 3_000;

/** What is waited for, and the variable with the address of who is asked. */
type Awaited = { what: string; variable: "CLICKHOUSE_URL" | "KAFKA_BROKERS" };

const SCHEMA: Awaited = { what: "the ClickHouse schema", variable: "CLICKHOUSE_URL" };

/** Repeats a check that may fail for a while, saying each time what is missing. Rejects when the signal aborts. */
async function until<T>(
  { what, variable }: Awaited,
  check: () => Promise<T>,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
): Promise<T> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await sayIfSlow(check(), SLOW_MS, () => {
        const next = `see that what ${variable} names is up and answers`;
        logger.warn({ waiting_for: what, next }, `no answer yet (${variable}), waiting for ${what}`);
      });
    } catch (error) {
      if (!(error instanceof AppError) || error.code === "CONFIG_INVALID") throw error;
      const fields = { waiting_for: what, ...errorFields(error) };
      if (needsOperator(error)) logger.error(fields, `cannot use ${what} until someone fixes it, retrying`);
      else if (error.code === "CLICKHOUSE_UNREACHABLE") {
        logger.warn(
          { ...fields, next: error.next ?? "start ClickHouse or correct CLICKHOUSE_URL" },
          "cannot reach ClickHouse, retrying",
        );
      } else logger.info(fields, `waiting for ${what}`);
      await sleep(waitMs, signal);
      signal.throwIfAborted();
    }
  }
}

/** No table or database yet is what is waited for; what else does not pass by itself needs somebody. */
function needsOperator(error: AppError): boolean {
  return !error.retry && error.next !== undefined;
}

/** The tables that the consumer writes; its user sees no others. */
const STORED_TABLES = [
  "events_raw",
  "dead_letters_raw",
  "ledger_counts",
  "ledger_instances",
  "offsets_without_message",
] as const;

/**
 * Looks for what would make figures wrong, or stop inserts between a row and its mark, in the words of `ops doctor`.
 * @throws AppError with the code of what was found, retry false: nothing is read before somebody has fixed it.
 */
async function refuseWrongFigures(user: string, clickhouse: ClickHouse): Promise<void> {
  const sent = { ...RELIED_ON, ...INSERT_SETTINGS };
  refuseIfWrong(await storeFindings(clickhouse, { user, tables: STORED_TABLES, sent }));
  refuseIfWrong(await probeInsert(clickhouse));
}

/**
 * Waits for the schema and returns the retention of raw events in days. Checks the configuration, the schema and the
 * login's settings.
 * @throws AppError `CONFIG_INVALID` when events could be accepted that retention drops at once: recomputing a minute
 * whose raw events are gone would shrink its counts.
 */
export function waitForSchema(
  config: Pick<ConsumerConfig, "EVENT_MAX_AGE_DAYS" | "CLICKHOUSE_USER">,
  deps: { clickhouse: ClickHouse; logger: Logger; signal: AbortSignal },
): Promise<number> {
  const check = async () => {
    const [row] = await deps.clickhouse.query<{ value: string }>(
      "SELECT value FROM pipeline_settings FINAL WHERE name = 'raw_retention_days'",
    );
    if (row === undefined) {
      throw new AppError("SCHEMA_INCOMPLETE", "raw_retention_days is not set; run `ops migrate`", { retry: true });
    }
    const days = Number(row.value);
    assertMaxAge(config.EVENT_MAX_AGE_DAYS, days);
    await refuseWrongFigures(config.CLICKHOUSE_USER, deps.clickhouse);
    return days;
  };
  const checkInWords = () =>
    check().catch((error) => {
      refuseIfWrong(refusalFindings(config.CLICKHOUSE_USER, error));
      throw error;
    });
  return until(SCHEMA, checkInWords, deps);
}

/** Waits until the brokers write the time of the topic's messages; says the command that makes them. */
export async function waitForAppendTime(
  config: Pick<ConsumerConfig, "KAFKA_BROKERS" | "KAFKA_EVENTS_TOPIC">,
  deps: { kafka: Kafka; logger: Logger; signal: AbortSignal },
): Promise<void> {
  const { KAFKA_EVENTS_TOPIC: topic, KAFKA_BROKERS: brokers } = config;
  const check = async () => {
    const admin: Admin = deps.kafka.admin();
    try {
      await kafkaCall(() => admin.connect());
      await assertAppendTime(admin, brokers, topic);
    } finally {
      admin.disconnect().catch(() => undefined);
    }
  };
  await until({ what: `the topic ${topic}`, variable: "KAFKA_BROKERS" }, check, deps);
}

/** @throws AppError `CONFIG_INVALID` when the ledger topic's partitions (by topic) became more: its records have no order then. */
export function checkLedgerPartitions(
  config: Pick<ConsumerConfig, "KAFKA_LEDGER_TOPIC">,
  partitions: ReadonlyMap<string, number>,
  deps: { clickhouse: ClickHouse; logger: Logger; signal: AbortSignal },
): Promise<void> {
  const topic = config.KAFKA_LEDGER_TOPIC;
  const check = async () =>
    assertLedgerPartitions(topic, await readLedgerPartitions(deps.clickhouse, topic), partitions.get(topic) ?? 0);
  return until(SCHEMA, check, deps);
}

/** @throws AppError `CONFIG_INVALID` with the fix. Both in days. */
export function assertMaxAge(maxAgeDays: number, retentionDays: number): void {
  if (maxAgeDays <= retentionDays - RETENTION_SLACK_DAYS) return;
  throw new AppError(
    "CONFIG_INVALID",
    `EVENT_MAX_AGE_DAYS is ${maxAgeDays}, but raw events are kept for ${retentionDays} days. ` +
      `Set EVENT_MAX_AGE_DAYS to at most ${retentionDays - RETENTION_SLACK_DAYS}, or keep raw events longer: ` +
      `ops migrate --raw-retention-days ${maxAgeDays + RETENTION_SLACK_DAYS}`,
    { retry: false },
  );
}
