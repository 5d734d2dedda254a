import { expect, test } from "bun:test";
import type { StoredEvent } from "../data/events.ts";
import { EventPage } from "./events.tsx";

const row: StoredEvent = {
  event_id: "00000000-0000-4000-8000-000000000200",
  event_time: "2026-11-26 20:50:00.000",
  received_time: "2026-11-26 20:51:00.000",
  source: "web",
  event_type: "click",
  user_id: "probe",
  session_id: "",
  amount: "0",
  currency: "",
  payload: '{"element":"a","order":73314510714175489,"price":0.10,"huge":1e400,"k":1,"k":2}',
  extra: '{"big":12345678901234567890}',
  size_bytes: 256,
  latency_ms: "60000",
  ingest_delay_ms: "60000",
  is_late: true,
  producer: "",
  kafka_partition: 0,
  kafka_offset: "7",
  kafka_append_time: "2026-11-26 20:51:00.000",
};

test("the page of an event shows every digit and every key as they are stored", () => {
  const page = String(<EventPage eventId={row.event_id} forms={{ stored: [row], raw: [row], keys: [] }} />);
  const shown = page.replaceAll("&quot;", '"');
  for (const text of ['"order": 73314510714175489', '"price": 0.10', '"huge": 1e400', '"k": 1', '"k": 2']) {
    expect(shown.split(text).length - 1).toBe(2);
  }
  expect(shown).toContain('"big": 12345678901234567890');
});
