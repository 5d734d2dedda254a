import { expect, test } from "bun:test";
import { PALETTES } from "./chart.ts";
import type { DrainResult } from "./drain.ts";
import { resizeTo } from "./event-size.ts";
import { readmeBlock, withBlock } from "./publish.ts";
import { type BenchResults, ratiosOf, spread } from "./results.ts";

test("sizes are met on average, and a copy of an event gets the same bytes", () => {
  const value = JSON.stringify({ event_id: "x", payload: { amount: "1.50" } }).padEnd(291);
  for (const bytes of [318, 1600]) {
    const resize = resizeTo(bytes);
    const sizes = Array.from({ length: 500 }, (_, i) => resize(value, `id-${i}`).length + (291 - value.trim().length));
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(Math.abs(mean - bytes)).toBeLessThan(bytes * 0.05);
    expect(resize(value, "id-7")).toBe(resize(value, "id-7"));
    expect(JSON.parse(resize(value, "id-7")).payload.amount).toBe("1.50");
  }
});

test("a spread has least, middle and greatest", () => {
  expect(spread([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
  expect(spread([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
  expect(() => spread([])).toThrow(RangeError);
});

test("ratios are taken within a round", () => {
  const result = (peer: string, eventsPerS: number, cpu: number): DrainResult => {
    const cpuUs = { worker: cpu / 2, engine: cpu / 2, broker: 99 };
    return {
      peer,
      eventsPerS,
      mbPerS: 1,
      wallS: 1,
      settleS: 1,
      cpuUs: { stored: cpuUs, settled: cpuUs },
      rssMib: { worker: 1, engine: 1 },
      exact: true,
    };
  };
  const ratios = ratiosOf([
    [result("countinghouse", 200, 5), result("kafka_engine", 100, 10), result("python", 10, 50)],
    [result("kafka_engine", 50, 40), result("countinghouse", 150, 10)],
  ]);
  expect(ratios.throughput_vs_kafka_engine).toEqual({ min: 2, median: 2.5, max: 3 });
  expect(ratios.cpu_vs_kafka_engine).toEqual({ min: 0.25, median: 0.375, max: 0.5 });
  expect(ratios.events_per_cpu_s_vs_python).toEqual({ min: 10, median: 10, max: 10 });
});

test("a published block replaces the one before and nothing else", () => {
  const once = withBlock("# Title\n\nmine\n", "one");
  const twice = withBlock(`${once}\nalso mine\n`, "two");
  expect(twice).toContain("two");
  expect(twice).not.toContain("one");
  expect(twice).toStartWith("# Title\n\n<!-- benchmark");
  expect(twice).toEndWith("\n\nmine\n\nalso mine\n");
});

test("README's block shows medians, and a dash for a peer that did not run", () => {
  const ratios = { throughput_vs_kafka_engine: spread([1, 2, 4]) };
  const block = readmeBlock({
    event_bytes: 319,
    ratios,
    large: { event_bytes: 1600, ratios },
  } as unknown as BenchResults);
  expect(block).toContain("| throughput, events of 319 bytes (1,600 bytes) | 2× (2×) |");
  expect(block).toContain("| CPU per event, events of 319 bytes (1,600 bytes) | – (–) |");
});

test("the chart's colours stand out from their ground", () => {
  const luminance = (colour: string) => {
    const channel = (at: number) => {
      const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
  };
  const contrast = (a: string, b: string) => {
    const [x, y] = [luminance(a) + 0.05, luminance(b) + 0.05];
    return Math.max(x, y) / Math.min(x, y);
  };
  for (const { ground, text, muted, ...bars } of Object.values(PALETTES)) {
    for (const colour of [text, muted]) expect(contrast(colour, ground)).toBeGreaterThanOrEqual(4.5);
    for (const colour of Object.values(bars)) expect(contrast(colour, ground)).toBeGreaterThanOrEqual(3);
  }
});
