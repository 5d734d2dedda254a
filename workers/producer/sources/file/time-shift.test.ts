import { describe, expect, test } from "bun:test";
import { parseEvent } from "../../../shared/event/index.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import type { Outgoing } from "../../send/outgoing.ts";
import { fileSource } from "./file.ts";
import { createTimeShift, newestTime } from "./time-shift.ts";

const NOW = Date.parse("2026-03-01T00:00:00.000Z");
const lines = [
  '{"event_id":"7F1D0000-0000-4000-8000-000000000001","event_time":"2025-07-30T12:00:00Z","received_time":"2025-07-30T12:00:03.5Z","n":1.10}',
  '{"event_id": "7f1d0000-0000-4000-8000-000000000001", "event_time": "2025-07-30T14:01:00+02:00", "received_time": "late"}',
];

function shiftAll(round: number): string[] {
  const newest = newestTime();
  for (const line of lines) newest.add(JSON.parse(line));
  const shift = createTimeShift({ nowMs: NOW, newestMs: newest.get() ?? 0, round });
  return lines.map((line) => shift(JSON.parse(line), line));
}

describe("time shift", () => {
  test("the newest event happens now, the others before it; all else stays", () => {
    const [first = "", second = ""] = shiftAll(0);
    expect(JSON.parse(first)).toMatchObject({
      event_time: "2026-02-28T23:59:00.000Z",
      received_time: "2026-02-28T23:59:03.500Z",
    });
    expect(first).toEndWith('"n":1.10}');
    expect(JSON.parse(second)).toMatchObject({ event_time: "2026-03-01T00:00:00.000Z", received_time: "late" });
  });

  test("ids change with the time, and duplicates stay duplicates", () => {
    const ids = shiftAll(0).map((line) => JSON.parse(line).event_id);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(JSON.parse(shiftAll(1)[0] ?? "").event_id).not.toBe(ids[0]);
  });

  test("what has no valid time stays as it is", () => {
    const shift = createTimeShift({ nowMs: NOW, newestMs: 0, round: 0 });
    for (const text of ['{"event_time":5}', "{}", '{"event_time":"yesterday","event_id":"x"}']) {
      expect(shift(JSON.parse(text), text)).toBe(text);
    }
  });

  test("the newest time ignores what is years off, and what has no time", () => {
    const newest = newestTime();
    expect(newest.get()).toBeUndefined();
    for (const time of [
      "2046-01-01T00:00:00Z",
      "2025-07-30T12:00:00Z",
      "2025-07-30T13:00:00Z",
      "2006-01-01T00:00:00Z",
      7,
    ]) {
      newest.add({ event_time: time });
    }
    expect(newest.get()).toBe(Date.parse("2025-07-30T13:00:00Z"));
  });

  test("the shipped sample: in the future is only what is broken on purpose", async () => {
    const sent: Outgoing[] = [];
    const sink = { offer: (message: Outgoing) => sent.push(message) > 0, room: async () => undefined };
    const path = "data/events.jsonl";
    const run = fileSource({ path, shiftTime: true, repeat: 1 }, { clock: systemClock });
    await run(sink, new AbortController().signal);
    const broker = { appendTimeMs: Date.now(), maxAgeMs: 30 * 86_400_000, maxFutureMs: 0, maxBytes: 1_000_000 };
    const judged = sent.map(({ value }) => ({ value: String(value), verdict: parseEvent(value as Buffer, broker) }));
    const future = judged.flatMap(({ value, verdict }) =>
      !verdict.ok && verdict.errorClass === "in_future" ? [String(JSON.parse(value).event_time).slice(0, 4)] : [],
    );
    // Five lines of the file lie twenty years ahead of the others.
    expect(future.length).toBe(5);
    for (const year of future) expect(Number(year)).toBeGreaterThan(new Date().getUTCFullYear() + 10);
    expect(judged.filter(({ verdict }) => verdict.ok).length).toBeGreaterThan(400);
  });
});
