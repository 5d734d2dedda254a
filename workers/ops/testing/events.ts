import type { LedgerRecord } from "../../shared/clickhouse/tables/ledger.ts";
import { addChecksum, eventIdHash } from "../../shared/event/index.ts";
import { HEADERS } from "../../shared/kafka/headers.ts";
import type { TestMessage } from "./fixture.ts";

/** Events for tests of ops. */

export type TestEvent = {
  id: string;
  timeMs: number;
  source: string;
  type: string;
  amount?: string;
  currency?: string;
  user?: string;
};

/** Distinct events spread over the minutes before `endMs`, of three types, one of them with money. */
export function testEvents(count: number, endMs: number, spreadMs = 150_000): TestEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const base = { id: crypto.randomUUID(), timeMs: endMs - Math.floor((i * spreadMs) / count), user: `u${i % 7}` };
    if (i % 3 === 0) {
      return { ...base, source: "lottery", type: "ticket_purchased", amount: `${(i % 50) + 1}.25`, currency: "EUR" };
    }
    return i % 3 === 1 ? { ...base, source: "web", type: "click" } : { ...base, source: "mobile", type: "tap" };
  });
}

/** The message of an event; with `instance` it is one of that producer. */
export function messageOf(event: TestEvent, options: { partition?: number; instance?: string } = {}): TestMessage {
  const time = new Date(event.timeMs).toISOString();
  const payload =
    event.amount === undefined
      ? event.source === "web"
        ? { element: "buy" }
        : { element: "ok" }
      : { amount: event.amount, currency: event.currency };
  return {
    partition: options.partition ?? event.id.charCodeAt(0) % 2,
    key: event.user ?? "u",
    value: JSON.stringify({
      event_id: event.id,
      user_id: event.user ?? "u",
      source: event.source,
      event_type: event.type,
      event_time: time,
      received_time: time,
      payload,
    }),
    ...(options.instance === undefined ? {} : { headers: { [HEADERS.producer]: options.instance } }),
  };
}

/** The ledger of an instance that sent these events. */
export function ledgerOf(
  instance: string,
  events: readonly TestEvent[],
  state: "open" | "closed",
  updatedAtMs: number,
): LedgerRecord[] {
  const counts = new Map<string, Extract<LedgerRecord, { kind: "count" }>>();
  for (const event of events) {
    const minute = Math.floor(event.timeMs / 60_000) * 60;
    const key = `${minute}|${event.source}|${event.type}`;
    const record = counts.get(key) ?? {
      kind: "count" as const,
      instance,
      minute,
      source: event.source,
      event_type: event.type,
      count: 0,
      checksum: "0",
      unknown: 0,
    };
    record.count++;
    record.checksum = String(addChecksum(BigInt(record.checksum), eventIdHash(event.id)));
    counts.set(key, record);
  }
  const total = { started_at: updatedAtMs, updated_at: updatedAtMs, count: events.length, unknown: 0 };
  return [...counts.values(), { kind: "instance", instance, state, ...total }];
}
