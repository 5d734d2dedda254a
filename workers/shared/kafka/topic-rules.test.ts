import { expect, test } from "bun:test";
import { type TopicFacts, type TopicNeeds, topicFindings } from "./topic-rules.ts";

const DAY_MS = 86_400_000;
const NEEDS: TopicNeeds = { brokers: ["kafka:9092"], maxBytes: 600_000, eventMaxAgeDays: 30, rawRetentionDays: 90 };
const facts = (config: Record<string, string>, more: Partial<TopicFacts> = {}): TopicFacts => ({
  topic: "events",
  partitions: 6,
  replicas: 3,
  inSync: 3,
  leaderless: 0,
  config: new Map(
    Object.entries({
      "cleanup.policy": "delete",
      "max.message.bytes": "1048588",
      "message.timestamp.type": "LogAppendTime",
      "min.insync.replicas": "2",
      "retention.ms": String(7 * DAY_MS),
      ...config,
    }),
  ),
  ...more,
});
const codes = (config: Record<string, string>, more: Partial<TopicFacts> = {}, needs = NEEDS) =>
  topicFindings("events", facts(config, more), needs).map(({ code }) => code);

test("nothing is said of a topic that is right", () => {
  expect(codes({})).toEqual([]);
  expect(topicFindings("ledger", facts({ "cleanup.policy": "compact" }, { partitions: 1 }), NEEDS)).toEqual([]);
});

test("the topic may keep what raw retention less the lateness of events leaves, and no longer", () => {
  expect(codes({ "retention.ms": String(59 * DAY_MS) })).toEqual([]);
  expect(codes({ "retention.ms": String(59 * DAY_MS + 1) })).toEqual(["KAFKA_TOPIC_LONG_RETENTION"]);
  expect(codes({ "retention.ms": "-1" })).toEqual(["KAFKA_TOPIC_LONG_RETENTION"]);
  expect(codes({ "retention.ms": "-1" }, {}, { ...NEEDS, rawRetentionDays: undefined })).toEqual([]);
  expect(codes({ "retention.ms": String(DAY_MS - 1) })).toEqual(["KAFKA_TOPIC_SHORT_RETENTION"]);
});

test("one broker that may acknowledge alone is named where there are three; a single one cannot be helped", () => {
  expect(codes({ "min.insync.replicas": "1" })).toEqual(["KAFKA_TOPIC_MIN_ISR"]);
  expect(codes({ "min.insync.replicas": "1" }, { replicas: 1, inSync: 1 })).toEqual([]);
  expect(codes({}, { inSync: 1 })).toEqual(["KAFKA_TOPIC_UNAVAILABLE"]);
  expect(codes({}, { leaderless: 1 })).toEqual(["KAFKA_TOPIC_UNAVAILABLE"]);
});

test("the command that fixes it can be run as it stands", () => {
  const [finding] = topicFindings("events", facts({ "message.timestamp.type": "CreateTime" }), NEEDS);
  expect(finding?.next).toBe(
    "kafka-configs.sh --bootstrap-server kafka:9092 --alter --entity-type topics --entity-name events --add-config message.timestamp.type=LogAppendTime",
  );
});
