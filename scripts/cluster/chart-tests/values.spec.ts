import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RETENTION_SLACK_DAYS } from "../../../workers/shared/clickhouse/retention.ts";
import { CHART, template, type Values } from "./render.ts";

describe("values the schema refuses", () => {
  const refused: readonly (readonly [string, Values, RegExp])[] = [
    ["a misspelt name at the top", { consumers: {} }, /additional properties 'consumers'/],
    ["a misspelt name inside", { "consumer.replica": 3 }, /'\/consumer': additional properties 'replica'/],
    ["a misspelt name deep inside", { "consumer.autoscaling.maxReplica": 3 }, /autoscaling.*'maxReplica'/],
    ["text for a number", { "consumer.replicas": "three" }, /replicas.*got string, want null or integer/],
    ["a negative number", { "consumer.replicas": -1 }, /minimum/],
    ["a log level that does not exist", { "log.level": "verbose" }, /level.*must be one of/],
    ["a share above one", { "producer.lateShare": 1.5 }, /lateShare.*maximum/],
    ["an unknown source", { "producer.sources": "casino=1" }, /sources.*does not match pattern/],
    ["a URL without scheme", { "clickhouse.url": "clickhouse:8123" }, /url.*does not match pattern/],
    ["a database that is no identifier", { "clickhouse.database": "a b" }, /database.*does not match pattern/],
    ["a broker without port", { "kafka.brokers": ["kafka"] }, /brokers.*does not match pattern/],
    ["a number as a variable", { "consumer.env": { BATCH_MAX_BYTES: 1 } }, /BATCH_MAX_BYTES.*want string/],
    ["a variable in lower case", { "consumer.env": { batch: "1" } }, /propertyName .batch./],
    ["a schedule of four fields", { "verify.schedule": "* * * *" }, /schedule.*does not match pattern/],
    [
      "a quantity that is none",
      { "consumer.resources": { limits: { memory: "much" } } },
      /memory.*does not match pattern/,
    ],
    ["a lake that is no bucket", { "lake.url": "file:///lake" }, /lake\/url.*does not match pattern/],
    ["a misspelt name in the lake", { "lake.bucket": "b" }, /'\/lake': additional properties 'bucket'/],
    [
      "a lake's schedule of four fields",
      { "lake.verifySchedule": "* * * *" },
      /verifySchedule.*does not match pattern/,
    ],
    ["an S3 endpoint without scheme", { "lake.endpoint": "minio:9000" }, /endpoint.*does not match pattern/],
    ["a tag with a colon", { "image.tag": "a:b" }, /tag.*does not match pattern/],
  ];
  test.each(refused)("%s", (_, values, message) => {
    const { code, stderr } = template(values);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });

  test("a lake without a bucket", () => {
    const { code, stderr } = template({ "lake.enabled": true });
    expect(code).not.toBe(0);
    expect(stderr).toContain("lake.url is required with lake.enabled");
  });

  test("raw events that are dropped before they may arrive", () => {
    // The consumer's own rule: a chart that accepted less would install a consumer that refuses to start.
    const keptFor = (days: number) => template({ "events.maxAgeDays": 90, "events.rawRetentionDays": days });
    expect(keptFor(90 + RETENTION_SLACK_DAYS).code).toBe(0);
    const { code, stderr } = keptFor(90 + RETENTION_SLACK_DAYS - 1);
    expect(code).not.toBe(0);
    expect(stderr).toContain("events.rawRetentionDays (97) must be at least 8 more than events.maxAgeDays (90)");
  });
});

test("every value has a place in the schema, and every place a value", () => {
  type Schema = { properties?: Record<string, Schema>; $ref?: string; $defs?: Record<string, Schema> };
  const schema = JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8")) as Schema;
  const values = Bun.YAML.parse(readFileSync(join(CHART, "values.yaml"), "utf8")) as Values;
  const resolve = (node: Schema): Schema =>
    node.$ref ? (schema.$defs?.[node.$ref.replace("#/$defs/", "")] ?? {}) : node;
  const compare = (node: Schema, value: unknown, path: string): string[] => {
    const { properties } = resolve(node);
    if (properties === undefined || typeof value !== "object" || value === null) return [];
    const own = value as Values;
    // Maps of the user's own, and what is described once for every pod at the top.
    const isOpen = Object.keys(own).length === 0 || /resources|users\/|global/.test(path);
    const shared = new Set([...Object.keys(schema.properties ?? {}), "env", "resources", "ports", "annotations"]);
    const missing = isOpen ? [] : Object.keys(properties).filter((key) => !(key in own) && !(path && shared.has(key)));
    const nested = Object.entries(own).flatMap(([key, child]) =>
      compare(properties[key] ?? {}, child, `${path}/${key}`),
    );
    return [...missing.map((key) => `${path}/${key}`), ...nested];
  };
  expect(compare(schema, values, "")).toEqual([]);
});
