import { z } from "@hono/zod-openapi";
import type { LetterRow } from "../../shared/dead-letters/letters.ts";
import type { AlertRow } from "../data/alerts.ts";
import type { BusinessRow } from "../data/business.ts";
import { COMPARISONS } from "../data/compare-counts.ts";
import type { StoredEvent } from "../data/events.ts";
import type { LiveRow } from "../data/live.ts";
import type { RunRow } from "../data/verification.ts";

/** The rows of the API: schema and conversion of each. Times are ISO 8601 in UTC, money is decimal text. */

const isoTime = () => z.string().openapi({ format: "date-time" });
const count = () => z.number().int();
const money = () => z.record(z.string(), z.string()).openapi({ description: "decimal text by currency" });

export const iso = (ms: number) => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined) => (ms === undefined ? null : iso(ms));

export const minuteSchema = z
  .object({
    minute: isoTime(),
    source: z.string(),
    event_type: z.string(),
    produced: count().openapi({ description: "acknowledged, by the producers' ledger" }),
    unknown: count().openapi({ description: "sends whose fate the producer does not know" }),
    stored: count().nullable().openapi({ description: "in `events`; null: not counted" }),
    stored_of_ledger: count().nullable().openapi({ description: "of these, by producers with a ledger" }),
    shown: count().openapi({ description: "in `events_per_minute`" }),
    late_events: count(),
    size_bytes: count(),
    comparison: z.enum(COMPARISONS),
  })
  .openapi("Minute");

export const minuteRow = (row: LiveRow): z.output<typeof minuteSchema> => ({
  minute: iso(row.minuteMs),
  source: row.source,
  event_type: row.eventType,
  produced: row.produced,
  unknown: row.unknown,
  stored: row.stored ?? null,
  stored_of_ledger: row.storedOfLedger ?? null,
  shown: row.shown,
  late_events: row.lateEvents,
  size_bytes: row.sizeBytes,
  comparison: row.comparison,
});

export const businessSchema = z
  .object({
    time: isoTime().openapi({ description: "start of the hour or day, or end of the 24 hours" }),
    revenue: money(),
    payouts: money(),
    tickets: count(),
    rewards: count(),
    logins: count(),
    unique_users: count(),
    new_sessions: count(),
  })
  .openapi("Business");

export const businessRow = (row: BusinessRow): z.output<typeof businessSchema> => ({
  time: iso(row.atMs),
  revenue: row.revenue,
  payouts: row.payouts,
  tickets: row.tickets,
  rewards: row.rewards,
  logins: row.logins,
  unique_users: row.uniqueUsers,
  new_sessions: row.newSessions,
});

export const eventSchema = z
  .object({
    event_id: z.string(),
    event_time: isoTime(),
    received_time: isoTime(),
    source: z.string(),
    event_type: z.string(),
    user_id: z.string(),
    session_id: z.string(),
    amount: z.string(),
    currency: z.string(),
    payload: z.string().openapi({ description: "JSON text" }),
    extra: z.string().openapi({ description: "JSON text of unknown fields" }),
    size_bytes: count(),
    latency_ms: count(),
    ingest_delay_ms: count(),
    is_late: z.boolean(),
    producer: z.string(),
    kafka_partition: count(),
    kafka_offset: count(),
    kafka_append_time: isoTime(),
  })
  .openapi("Event");

const stored = (text: string) => `${text.replace(" ", "T")}Z`;

export const eventOut = (row: StoredEvent): z.output<typeof eventSchema> => ({
  ...row,
  event_time: stored(row.event_time),
  received_time: stored(row.received_time),
  kafka_append_time: stored(row.kafka_append_time),
  latency_ms: Number(row.latency_ms),
  ingest_delay_ms: Number(row.ingest_delay_ms),
  kafka_offset: Number(row.kafka_offset),
});

export const letterSchema = z
  .object({
    topic: z.string(),
    partition: count(),
    offset: count(),
    append_time: isoTime(),
    payload_hash: z.string(),
    error_class: z.string(),
    reason: z.string(),
    size_bytes: count(),
    replayed_at: isoTime().nullable(),
  })
  .openapi("DeadLetter");

export const letterRow = (row: LetterRow): z.output<typeof letterSchema> => ({
  topic: row.topic,
  partition: row.partition,
  offset: row.offset,
  append_time: iso(row.appendMs),
  payload_hash: row.payloadHash,
  error_class: row.errorClass,
  reason: row.reason,
  size_bytes: row.sizeBytes,
  replayed_at: isoOrNull(row.replayedMs),
});

export const runSchema = z
  .object({
    run_id: z.string(),
    run_at: isoTime(),
    kind: z.enum(["verify", "audit"]),
    verdict: z.enum(["exact", "different", "not_proven"]),
    proven_until: isoTime().nullable(),
    hours_proven_until: isoTime().nullable(),
    duration_ms: count(),
    checked_events: count(),
    missing: count(),
    surplus: count(),
    conflicts: count(),
  })
  .openapi("VerificationRun");

export const runRow = (row: RunRow): z.output<typeof runSchema> => ({
  run_id: row.runId,
  run_at: iso(row.runAtMs),
  kind: row.kind,
  verdict: row.verdict,
  proven_until: isoOrNull(row.provenUntilMs),
  hours_proven_until: isoOrNull(row.hoursProvenUntilMs),
  duration_ms: row.durationMs,
  checked_events: row.checkedEvents,
  missing: row.missing,
  surplus: row.surplus,
  conflicts: row.conflicts,
});

export const alertSchema = z
  .object({
    fingerprint: z.string(),
    status: z.enum(["firing", "resolved"]),
    alert_name: z.string(),
    severity: z.string(),
    starts_at: isoTime(),
    ends_at: isoTime().nullable(),
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    generator_url: z.string(),
    first_received_at: isoTime(),
    last_received_at: isoTime(),
    notifications: count(),
  })
  .openapi("Alert");

export const alertRow = (row: AlertRow): z.output<typeof alertSchema> => ({
  fingerprint: row.fingerprint,
  status: row.status,
  alert_name: row.alertName,
  severity: row.severity,
  starts_at: iso(row.startsAtMs),
  ends_at: isoOrNull(row.endsAtMs),
  labels: row.labels,
  annotations: row.annotations,
  generator_url: row.generatorUrl,
  first_received_at: iso(row.firstReceivedMs),
  last_received_at: iso(row.lastReceivedMs),
  notifications: row.notifications,
});
