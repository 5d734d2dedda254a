import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { envInt, envNumber, loadConfig } from "../runtime/config.ts";
import { kafkaConfigProblems, kafkaConfigShape } from "./config.ts";

const schema = z.object({
  ...kafkaConfigShape,
  SHARE: envNumber(0, 1).prefault("0"),
  COUNT: envInt(5, 9).prefault("5"),
  NEEDED: z.string(),
});
const load = (env: Record<string, string>) => loadConfig(schema, { NEEDED: "x", ...env }, kafkaConfigProblems);

describe("KAFKA_BROKERS", () => {
  test.each(["localhost:9092", "a.b-c_d:1, [::1]:65535", "127.0.0.1:19092,"])("takes %s", (text) => {
    expect(load({ KAFKA_BROKERS: text }).KAFKA_BROKERS[0]).toBe(text.split(",")[0]?.trim() ?? "");
  });

  test.each(["localhost", "kafka://a:9092", "a:0", "a:65536", "::1:9092", "[::g]:1", "a:1 b:2", ",", ":9092"])(
    "refuses %s",
    (text) => {
      expect(() => load({ KAFKA_BROKERS: text })).toThrow("KAFKA_BROKERS: must be host:port");
    },
  );
});

test("all problems at once, in words", () => {
  let text = "";
  try {
    loadConfig(
      schema,
      { KAFKA_BROKERS: "a", KAFKA_SSL: "maybe", KAFKA_SASL_MECHANISM: "plain", SHARE: "1.1", COUNT: "4" },
      kafkaConfigProblems,
    );
  } catch (error) {
    text = String(error);
  }
  expect(text.split("\n").slice(1)).toEqual([
    "  KAFKA_BROKERS: must be host:port, several separated by commas, IPv6 as [::1]:9092; a is not",
    "  KAFKA_SSL: must be one of 0, 1, true, false",
    "  SHARE: must be at most 1",
    "  COUNT: must be at least 5",
    "  NEEDED: is required",
    "  KAFKA_SASL_USERNAME: is required with KAFKA_SASL_MECHANISM",
    "  KAFKA_SASL_PASSWORD: is required with KAFKA_SASL_MECHANISM",
  ]);
});
