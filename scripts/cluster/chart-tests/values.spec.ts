import { describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RETENTION_SLACK_DAYS } from "../../../workers/shared/clickhouse/retention.ts";
import { CHART, helm, KUBE_VERSION, setArgs, template, type Values } from "./render.ts";

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
    ["a URL without scheme", { "clickhouse.url": "clickhouse:8123" }, /clickhouse.url is an address.*as https:/],
    ["a role of ClickHouse taken away", { "clickhouse.users.insert": null }, /users.*missing property 'insert'/],
    ["a broker without port", { "kafka.brokers": ["kafka"] }, /"kafka" is not host:port, as b-1.example.com:9096/],
    [
      "a certificate under another name",
      { "ingest.ingress.tls": [{ secret: "tls" }] },
      /tls.*additional properties 'secret'/,
    ],
    [
      "more replicas in sync than there are",
      { "kafka.topics.replicas": 3, "kafka.topics.minInsyncReplicas": 4 },
      /minInsyncReplicas \(4\) is more than kafka.topics.replicas \(3\)/,
    ],
    [
      "more memory than the limit",
      { "consumer.memoryMb": 1000 },
      /consumer.memoryMb \(1000\) needs .* 1250Mi; it is 512Mi/,
    ],
    [
      "an autoscaler whose minimum is above its maximum",
      { "consumer.autoscaling": { enabled: true, minReplicas: 10, maxReplicas: 4 } },
      /consumer.autoscaling.minReplicas \(10\) is more than maxReplicas \(4\)/,
    ],
    [
      "one topic for two things",
      { "kafka.topics.ledger.name": "events" },
      /events \(events\), deadLetters \(events.dlq\) and ledger \(events\) need three names/,
    ],
    [
      "a variable that the chart sets",
      { "consumer.env": { KAFKA_GROUP_ID: "x" } },
      /consumer.env.KAFKA_GROUP_ID: the chart sets this/,
    ],
    ["a database that is no identifier", { "clickhouse.database": "a b" }, /database.*does not match pattern/],
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

  test("a login in ClickHouse's address, without showing it", () => {
    const { code, stdout, stderr } = template({ "clickhouse.url": "https://me:hunter2@clickhouse:8443" });
    expect(code).not.toBe(0);
    expect(stderr).toContain("clickhouse.url is an address without login");
    expect(stdout + stderr).not.toContain("hunter2");
  });

  test("everything that does not fit is named at once", () => {
    const { stderr } = template({ "kafka.brokers": ["kafka"], "kafka.topics.minInsyncReplicas": 2 });
    expect(stderr).toContain("host:port");
    expect(stderr).toContain("minInsyncReplicas (2)");
  });

  test.each([["640Mi"], ["1Gi"], ["1G"], ["700000k"], ["671088640"]])(
    "but memory of %s is enough for 512 MiB",
    (memory) => {
      const { stderr } = template({ "consumer.memoryMb": 512, "consumer.resources": { limits: { memory } } });
      expect(stderr).toBe("");
    },
  );

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

test("the notes warn of brokers beside users and topics that only Strimzi's operator makes", () => {
  const notes = (values: Values) => {
    // Notes are shown by an installation only; as a template of another name they are rendered like the rest.
    const dir = mkdtempSync(join(tmpdir(), "chart-notes-"));
    try {
      cpSync(CHART, dir, { recursive: true });
      writeFileSync(join(dir, "templates/notes.yaml"), `notes: {{ include "countinghouse.warnings" . | toJson }}\n`);
      const show = ["--show-only", "templates/notes.yaml", "--kube-version", KUBE_VERSION];
      const { stdout, stderr } = helm(["template", "countinghouse", dir, ...show, ...setArgs(values)]);
      expect(stderr).toBe("");
      return stdout;
    } finally {
      rmSync(dir, { recursive: true });
    }
  };
  expect(readFileSync(join(CHART, "templates/NOTES.txt"), "utf8")).toContain('include "countinghouse.warnings" .');
  expect(notes({ "console.enabled": true })).not.toContain("Warning");
  expect(notes({})).toContain("nobody is told of alerts");
  const foreign = notes({ "kafka.brokers": ["kafka:9092"], "kafka.topics.create": false });
  expect(foreign).toContain("kafka.users.create is true");
  expect(foreign).not.toContain("kafka.topics.create is true");
  expect(notes({ "kafka.brokers": ["kafka:9092"] })).toContain("kafka.topics.create is true");
});
