import { expect, test } from "bun:test";
import { join } from "node:path";
import { type BrokerContext, EVENT_TYPES, parseEvent } from "../../workers/shared/event/index.ts";
import { buildSampleLines, SAMPLE_START_MS } from "./sample-events.ts";

const text = await Bun.file(join(import.meta.dir, "../../data/events.jsonl")).text();
const lines = text.trimEnd().split("\n");
const broker: BrokerContext = {
  appendTimeMs: SAMPLE_START_MS + 2 * 3_600_000,
  maxAgeMs: 29 * 86_400_000,
  maxFutureMs: 600_000,
  maxBytes: 1_000_000,
};
const verdicts = lines.map((line) => parseEvent(new TextEncoder().encode(line), broker));
const events = verdicts.flatMap((verdict) => (verdict.ok ? [verdict.event] : []));

test("data/events.jsonl is what the generator makes", () => {
  expect(lines).toEqual(buildSampleLines());
});

test("has 480 lines: 405 events, 35 copies of them and 40 broken lines", () => {
  const classes: Record<string, number> = {};
  for (const verdict of verdicts) {
    if (!verdict.ok) classes[verdict.errorClass] = (classes[verdict.errorClass] ?? 0) + 1;
  }
  expect(lines).toHaveLength(480);
  expect(events).toHaveLength(405 + 35);
  expect(new Set(events.map((event) => event.eventId)).size).toBe(405);
  expect(classes).toEqual({ malformed_json: 10, schema: 22, too_old: 3, in_future: 5 });
});

test("has every type of every source, ids in upper case and late events, all within one day", () => {
  const types = new Set(events.map((event) => `${event.source}/${event.eventType}`));
  const all = Object.entries(EVENT_TYPES).flatMap(([source, names]) => names.map((name) => `${source}/${name}`));
  expect([...types].sort()).toEqual(all.sort());
  expect(events.filter((event) => text.includes(event.eventId.toUpperCase())).length).toBeGreaterThan(5);
  expect(events.filter((event) => event.receivedTimeMs - event.eventTimeMs >= 30_000).length).toBeGreaterThan(30);
  for (const event of events) {
    expect(event.eventTimeMs - SAMPLE_START_MS).toBeWithin(0, 2 * 3_600_000);
  }
});
