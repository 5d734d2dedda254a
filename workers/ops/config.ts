import { z } from "zod";
import { clickhouseConfigShape } from "../shared/clickhouse/config.ts";
import { kafkaConfigShape } from "../shared/kafka/config.ts";
import { envInt } from "../shared/runtime/config.ts";
import { LOG_LEVELS } from "../shared/runtime/logger.ts";

/** Variables of every `ops` command. */
export const opsConfigShape = {
  ...kafkaConfigShape,
  ...clickhouseConfigShape,
  LOG_LEVEL: z.enum(LOG_LEVELS).default("silent").describe("Least severe level of the client's log lines, on stderr"),
  KAFKA_GROUP_ID: z.string().min(1).default("countinghouse").describe("Consumer group of the consumers"),
  KAFKA_LEDGER_GROUP_ID: z
    .string()
    .min(1)
    .default("countinghouse-ledger")
    .describe("Consumer group of the ledger's copy"),
  EVENT_MAX_AGE_DAYS: envInt(1, 3650).prefault("30").describe("Events older than this when appended are too_old, days"),
  EVENT_MAX_FUTURE_MINUTES: envInt(0, 1440)
    .prefault("10")
    .describe("Events further ahead of their append time than this are in_future, minutes"),
  EVENT_MAX_BYTES: envInt(1, 100_000_000).prefault("1000000").describe("Messages with more bytes are too_large"),
};

export const opsConfigSchema = z.object(opsConfigShape);
export type OpsConfig = z.output<typeof opsConfigSchema>;
