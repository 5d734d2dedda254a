import { eventRow, seeded } from "../../../scripts/testkit/index.ts";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import type { LedgerEntry, LedgerRecord } from "../../shared/clickhouse/tables/ledger.ts";
import { addChecksum, eventIdHash } from "../../shared/event/index.ts";

/** Events as a healthy producer sends them, and the ledger that goes with them; the same for the same seed. */

const MIX = [
  ["lottery", "view_numbers", ""],
  ["lottery", "ticket_purchased", "EUR"],
  ["lottery", "login", ""],
  ["web", "page_view", ""],
  ["web", "click", ""],
  ["lottery", "claim_reward", "EUR"],
  ["mobile", "screen_view", ""],
  ["lottery", "ticket_purchased", "GBP"],
  ["sensor", "reading", ""],
  ["web", "search", ""],
] as const;

export const INSTANCE = "sample-instance";

export type SampleOptions = {
  /** Start of the first minute, Unix ms. */
  fromMs: number;
  minutes: number;
  /** Events of a minute, by its number. */
  perMinute: (minute: number) => number;
  /** Events are not later than this, Unix ms. */
  untilMs?: number;
};

export function sampleEvents(options: SampleOptions): EventRow[] {
  const random = seeded(7);
  const rows: EventRow[] = [];
  for (let minute = 0; minute < options.minutes; minute++) {
    const startMs = options.fromMs + minute * 60_000;
    const count = options.perMinute(minute);
    for (let i = 0; i < count; i++) {
      const eventTimeMs = startMs + Math.floor((i + random()) * (60_000 / count));
      if (eventTimeMs > (options.untilMs ?? Number.POSITIVE_INFINITY)) break;
      rows.push(sampleEvent(rows.length, eventTimeMs, random));
    }
  }
  return rows;
}

function sampleEvent(index: number, eventTimeMs: number, random: () => number): EventRow {
  const [source, eventType, currency] = MIX[Math.floor(random() * MIX.length)] ?? MIX[0];
  const late = random() < 0.1;
  const latencyMs = Math.floor(40 + random() * 160 + (late ? 30_000 + random() * 30_000 : 0));
  return eventRow({
    eventId: `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`,
    eventTimeMs,
    receivedTimeMs: eventTimeMs + 12,
    source,
    eventType,
    userId: `user-${String(Math.floor(random() * 400)).padStart(4, "0")}`,
    sessionId: `session-${Math.floor(random() * 900)}`,
    amountE4: currency === "" ? 0 : (1 + Math.floor(random() * 8)) * (eventType === "claim_reward" ? 7_300 : 25_000),
    currency,
    payloadJson: eventType === "click" ? '{"element":"buy-button","url":"/draw/6-49"}' : "",
    sizeBytes: 260 + Math.floor(random() * 60),
    latencyMs,
    ingestDelayMs: 12,
    isLate: late,
    producer: INSTANCE,
    kafkaPartition: index % 6,
    kafkaOffset: Math.floor(index / 6),
    kafkaAppendTimeMs: eventTimeMs + latencyMs - 20,
  });
}

/** What the ledger says of some events. */
export function ledgerOf(rows: readonly EventRow[]): LedgerEntry<Extract<LedgerRecord, { kind: "count" }>>[] {
  const counts = new Map<string, { row: EventRow; count: number; checksum: bigint }>();
  for (const row of rows) {
    const minute = Math.floor(row.eventTimeMs / 60_000) * 60;
    const key = `${minute}|${row.source}|${row.eventType}`;
    const entry = counts.get(key) ?? { row, count: 0, checksum: 0n };
    counts.set(key, { row, count: entry.count + 1, checksum: addChecksum(entry.checksum, eventIdHash(row.eventId)) });
  }
  return [...counts.values()].map(({ row, count, checksum }, offset) => ({
    offset,
    record: {
      kind: "count",
      instance: INSTANCE,
      minute: Math.floor(row.eventTimeMs / 60_000) * 60,
      source: row.source,
      event_type: row.eventType,
      count,
      checksum: String(checksum),
      unknown: 0,
    },
  }));
}
