import { z } from "zod";
import { envInt } from "../runtime/config.ts";

/** What all that judge events or look at the consumers' progress must agree on: declared once, for consumer and ops. */
export const pipelineConfigShape = {
  KAFKA_GROUP_ID: z.string().min(1).default("countinghouse").describe("Consumer group of the events topic"),
  KAFKA_LEDGER_GROUP_ID: z
    .string()
    .min(1)
    .default("countinghouse-ledger")
    .describe("Consumer group that copies the producers' ledger into ClickHouse"),
  EVENT_MAX_AGE_DAYS: envInt(1, 3_650)
    .prefault("30")
    .describe("Events older than this when appended are dead letters (too_old); below the retention of raw events"),
  EVENT_MAX_FUTURE_MINUTES: envInt(0, 525_600)
    .prefault("10")
    .describe("Events further ahead of their append time are dead letters (in_future)"),
  EVENT_MAX_BYTES: envInt(100, 100_000_000)
    .prefault("1000000")
    .describe("Larger messages are dead letters (too_large), bytes"),
};
