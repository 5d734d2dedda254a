import { expect, test } from "bun:test";
import { z } from "zod";
import { kafkaConfigShape } from "../kafka/config.ts";
import { loadConfig } from "./config.ts";
import { misspelledVariables } from "./misspelled.ts";

const schema = z.object(kafkaConfigShape);
const problems = (env: Record<string, string>) => {
  try {
    loadConfig(schema, env);
    return [];
  } catch (error) {
    return String(error).split("\n").slice(1);
  }
};

test("a misspelled variable is refused with the one that was meant", () => {
  expect(problems({ KAFKA_BROKRS: "kafka:9092" })).toEqual(["  KAFKA_BROKRS: did you mean KAFKA_BROKERS?"]);
  for (const [given, meant] of [
    ["KAFKA_BROKER", "KAFKA_BROKERS"],
    ["KAKFA_BROKERS", "KAFKA_BROKERS"],
    ["kafka_brokers", "KAFKA_BROKERS"],
    ["KAFKA_EVENT_TOPIC", "KAFKA_EVENTS_TOPIC"],
    ["KAFKA_TOPIC", "KAFKA_EVENTS_TOPIC"],
    ["KAFKA_USERNAME", "KAFKA_SASL_USERNAME"],
    ["KAFKA_PASSWORD", "KAFKA_SASL_PASSWORD"],
    ["KAFKA_SSL_CAFILE", "KAFKA_SSL_CA_FILE"],
  ]) {
    expect(problems({ [String(given)]: "x" })).toEqual([`  ${given}: did you mean ${meant}?`]);
  }
});

test("what Kubernetes and others put into an environment is left alone", () => {
  const foreign = {
    KAFKA_PORT: "tcp://10.0.0.1:9092",
    KAFKA_PORT_9092_TCP: "tcp://10.0.0.1:9092",
    KAFKA_PORT_9092_TCP_ADDR: "10.0.0.1",
    KAFKA_SERVICE_HOST: "10.0.0.1",
    KAFKA_SERVICE_PORT_CLIENTS: "9092",
    KAFKA_BROKERS_PORT: "tcp://10.0.0.1:9092",
    KAFKA_BROKERS_SERVICE_HOST: "10.0.0.1",
    KAFKA_OPTS: "-Xmx1g",
    KAFKA_HEAP_OPTS: "-Xmx1g",
    PATH: "/bin",
    HTTP_PROXY: "http://proxy:3128",
    HTTPS_PROXY: "http://proxy:3128",
    http_proxy: "http://proxy:3128",
    HOSTNAME: "pod-1",
    TZ: "UTC",
  };
  expect(problems(foreign)).toEqual([]);
  const ports = ["HTTP_HOST", "HTTP_PORT", "HEALTH_HOST", "HEALTH_PORT", "SOURCE", "LOG_LEVEL"];
  expect(misspelledVariables(foreign, ports)).toEqual([]);
});
