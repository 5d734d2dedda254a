import { describe, expect, test } from "bun:test";
import { createTimeShift } from "./time-shift.ts";

const NOW = Date.parse("2026-03-01T00:00:00.000Z");
const lines = [
  '{"event_id":"7F1D0000-0000-4000-8000-000000000001","event_time":"2025-07-30T12:00:00Z","received_time":"2025-07-30T12:00:03.5Z","n":1.10}',
  '{"event_id": "7f1d0000-0000-4000-8000-000000000001", "event_time": "2025-07-30T14:01:00+02:00", "received_time": "late"}',
];

function shiftAll(round: number): string[] {
  const shift = createTimeShift(NOW, round);
  return lines.map((line) => shift(JSON.parse(line), line));
}

describe("time shift", () => {
  test("the first event happens now, the others relative to it; all else stays", () => {
    const [first = "", second = ""] = shiftAll(0);
    expect(JSON.parse(first)).toMatchObject({
      event_time: "2026-03-01T00:00:00.000Z",
      received_time: "2026-03-01T00:00:03.500Z",
    });
    expect(first).toEndWith('"n":1.10}');
    expect(JSON.parse(second)).toMatchObject({ event_time: "2026-03-01T00:01:00.000Z", received_time: "late" });
  });

  test("ids change with the time, and duplicates stay duplicates", () => {
    const ids = shiftAll(0).map((line) => JSON.parse(line).event_id);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(JSON.parse(shiftAll(1)[0] ?? "").event_id).not.toBe(ids[0]);
  });

  test("what has no valid time stays as it is", () => {
    const shift = createTimeShift(NOW, 0);
    for (const text of ['{"event_time":5}', "{}", '{"event_time":"yesterday","event_id":"x"}']) {
      expect(shift(JSON.parse(text), text)).toBe(text);
    }
  });
});
