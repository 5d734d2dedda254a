import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type BrokerContext, EVENT_TYPES, type ParseResult, parseEvent } from "../../../shared/event/index.ts";
import { createSimulator, MALFORMED_VARIANTS, type PlannedSend, SIMULATOR_DEFAULTS } from "./index.ts";
import { Random } from "./random.ts";
import type { SimulatorOptions } from "./simulator.ts";

const START_MS = Date.UTC(2026, 10, 20, 12);
const encoder = new TextEncoder();

function options(changed: Partial<SimulatorOptions> = {}): SimulatorOptions {
  return {
    ...SIMULATOR_DEFAULTS,
    seed: "test",
    instanceId: "a",
    startTimeMs: START_MS,
    rhythm: { ratePerSecond: 100 },
    duplicateShare: 0.1,
    malformedShare: 0.05,
    ...changed,
  };
}

function take(simulatorOptions: SimulatorOptions, count: number): PlannedSend[] {
  const simulator = createSimulator(simulatorOptions);
  return Array.from({ length: count }, () => {
    const send = simulator.next();
    if (send === undefined) throw new Error("the plan ended");
    return send;
  });
}

function judge(send: PlannedSend): ParseResult {
  const broker: BrokerContext = {
    appendTimeMs: send.sendAtMs,
    maxAgeMs: 30 * 86_400_000,
    maxFutureMs: 600_000,
    maxBytes: 1_000_000,
  };
  return parseEvent(typeof send.value === "string" ? encoder.encode(send.value) : send.value, broker);
}

const share = (part: PlannedSend[], whole: PlannedSend[]): number => part.length / whole.length;

describe("a plan", () => {
  const sends = take(options(), 60_000);
  const events = sends.filter((send) => send.kind === "event");
  const resends = sends.filter((send) => send.kind === "resend");
  const malformed = sends.filter((send) => send.kind === "malformed");

  test("every event and resend parses to what the plan says", () => {
    for (const send of [...events, ...resends]) {
      const result = judge(send);
      if (!result.ok) throw new Error(`${result.reason}: ${send.value}`);
      const { eventId, source, eventType, eventTimeMs, eventMinuteS, userId } = result.event;
      expect({ eventId, source, eventType, eventTimeMs, eventMinuteS, userId }).toEqual({
        eventId: send.eventId,
        source: send.source,
        eventType: send.eventType,
        eventTimeMs: send.eventTimeMs,
        eventMinuteS: send.eventMinuteS,
        userId: send.key,
      });
    }
  });

  test("every broken message gets the class of its variant, and all variants occur", () => {
    const seen = new Set<string>();
    for (const send of malformed) {
      seen.add(send.variant);
      const result = judge(send);
      expect([send.variant, result.ok ? "ok" : result.errorClass]).toEqual([send.variant, send.expectedClass]);
    }
    expect([...seen].sort()).toEqual(MALFORMED_VARIANTS.map((variant) => variant.name).sort());
  });

  test("covers every type of every source", () => {
    const seen = new Set(events.map((send) => `${send.source}/${send.eventType}`));
    const all = Object.entries(EVENT_TYPES).flatMap(([source, types]) => types.map((type) => `${source}/${type}`));
    expect([...seen].sort()).toEqual(all.sort());
  });

  test("comes in the order of the send times", () => {
    for (let i = 1; i < sends.length; i++) {
      expect(sends[i]?.sendAtMs).toBeGreaterThanOrEqual(sends[i - 1]?.sendAtMs ?? 0);
    }
  });

  test("holds the configured shares", () => {
    const heldBack = events.filter((send) => send.heldBack);
    expect(share(heldBack, events)).toBeCloseTo(0.1, 1);
    expect(share(resends, events)).toBeCloseTo(0.1, 1);
    expect(share(malformed, sends)).toBeCloseTo(0.05, 1);
    for (const send of events) {
      const delayMs = send.sendAtMs - send.eventTimeMs;
      if (send.heldBack) expect(delayMs).toBeWithin(30_000, 60_001);
      else expect(delayMs).toBeWithin(5, 506);
    }
  });

  test("received_time is the send time", () => {
    for (const send of events) {
      const result = judge(send);
      expect(result.ok && result.event.receivedTimeMs).toBe(send.sendAtMs);
    }
  });

  test("event ids are unique, and a resend repeats an earlier message but for the case of its id", () => {
    const first = new Map(events.map((send) => [send.eventId, send]));
    expect(first.size).toBe(events.length);
    let upperCase = 0;
    for (const send of resends) {
      const original = first.get(send.eventId);
      if (original === undefined) throw new Error("a resend of nothing");
      if (send.value !== original.value) upperCase++;
      expect(send.value.replace(send.eventId.toUpperCase(), send.eventId)).toBe(original.value);
      expect(send.key).toBe(original.key);
      expect(send.sendAtMs - original.sendAtMs).toBeWithin(0, 20_001);
    }
    expect(upperCase).toBeGreaterThan(100);
  });

  test("ids are UUIDs of version 4", () => {
    for (const send of events) {
      expect(send.eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  test("a lottery session is one login, then views and tickets, then a logout", () => {
    // A fixed rhythm, so that no two events of a session happen in the same millisecond.
    const steady = take(options({ rhythm: { everyMs: 10 }, duplicateShare: 0, malformedShare: 0 }), 30_000);
    const sessions = new Map<string, string[]>();
    for (const send of steady.toSorted((a, b) => a.eventTimeMs - b.eventTimeMs)) {
      const { session_id } = JSON.parse(String(send.value));
      if (send.source === "lottery") sessions.set(session_id, [...(sessions.get(session_id) ?? []), send.eventType]);
    }
    const whole = [...sessions.values()].filter((types) => types.includes("login") && types.includes("logout"));
    expect(whole.length).toBeGreaterThan(500);
    for (const types of whole) {
      expect(types[0]).toBe("login");
      expect(types.at(-1)).toBe("logout");
      expect(types.filter((type) => type === "login" || type === "logout")).toHaveLength(2);
    }
  });
});

describe("createSimulator", () => {
  test("same seed, instance and start: the same plan", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 50_000 }), (seed, ratePerSecond) => {
        const chosen = options({ seed, rhythm: { ratePerSecond } });
        expect(take(chosen, 300)).toEqual(take(chosen, 300));
      }),
      { numRuns: 20 },
    );
  });

  test("another seed, instance or start: other ids", () => {
    const variations = [{}, { seed: "other" }, { instanceId: "b" }, { startTimeMs: START_MS + 1 }];
    const ids = variations.flatMap((changed) =>
      take(options(changed), 1000)
        .filter((send) => send.kind === "event")
        .map((send) => send.eventId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("a fixed rhythm is exact", () => {
    const fixed = options({ rhythm: { everyMs: 1000 }, lateShare: 0, duplicateShare: 0, malformedShare: 0 });
    const sends = take(fixed, 50);
    expect(sends.map((send) => send.eventTimeMs)).toEqual(sends.map((_, index) => START_MS + index * 1000));
    expect(sends.map((send) => send.sendAtMs)).toEqual(sends.map((send) => send.eventTimeMs + 20));
  });

  test.each([1, 200, 50_000])("irregular arrivals have a mean rate of %d/s", (ratePerSecond) => {
    const simulator = createSimulator(options({ rhythm: { ratePerSecond }, duplicateShare: 0 }));
    let lastMs = START_MS;
    for (let i = 0; i < 20_000; i++) lastMs = Math.max(lastMs, simulator.next()?.eventTimeMs ?? 0);
    const rate = (20_000 + simulator.pending) / ((lastMs - START_MS) / 1000);
    expect(rate / ratePerSecond).toBeWithin(0.95, 1.05);
  });

  test("once stopped, sends what is held back and ends", () => {
    const simulator = createSimulator(options());
    for (let i = 0; i < 5000; i++) simulator.next();
    simulator.stop();
    const waiting = simulator.pending;
    expect(waiting).toBeGreaterThan(100);
    for (let i = 0; i < waiting; i++) expect(simulator.next()).toBeDefined();
    expect(simulator.next()).toBeUndefined();
    expect(simulator.pending).toBe(0);
  });

  test("a source of weight 0 is silent", () => {
    const sends = take(options({ sources: { lottery: 0, web: 0, mobile: 0, sensor: 1 } }), 2000);
    expect(new Set(sends.map((send) => send.source))).toEqual(new Set(["sensor"]));
  });

  test("refuses what could never arrive", () => {
    expect(() => createSimulator(options({ rhythm: { ratePerSecond: 0 } }))).toThrow(RangeError);
    expect(() => createSimulator(options({ sources: { lottery: 0, web: 0, mobile: 0, sensor: 0 } }))).toThrow(
      RangeError,
    );
  });
});

test("Random is even enough and gives the same sequence for a seed", () => {
  const random = new Random("seed");
  const again = new Random("seed");
  const counts = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 100_000; i++) {
    const value = random.below(10);
    expect(again.below(10)).toBe(value);
    counts[value] = (counts[value] ?? 0) + 1;
  }
  for (const count of counts) expect(count).toBeWithin(9500, 10_500);
});
