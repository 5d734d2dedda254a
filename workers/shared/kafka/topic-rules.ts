import type { Admin } from "kafkajs";
import type { Finding } from "../runtime/finding.ts";
import { kafkaCall } from "./errors.ts";

/** A topic as the brokers have it. */
export type TopicFacts = {
  topic: string;
  partitions: number;
  /** Fewest replicas of a partition, and fewest of them in sync. */
  replicas: number;
  inSync: number;
  /** Partitions without a leader. */
  leaderless: number;
  config: ReadonlyMap<string, string>;
};

const TOPIC_RESOURCE = 2;
const DAY_MS = 86_400_000;

/** The settings that the rules look at. */
const CONFIG_NAMES = [
  "cleanup.policy",
  "max.message.bytes",
  "message.timestamp.type",
  "min.insync.replicas",
  "retention.bytes",
  "retention.ms",
  "unclean.leader.election.enable",
] as const;

/** Reads topics that exist. Needs Describe and DescribeConfigs on them. @throws AppError `KAFKA_…`. */
export async function readTopics(admin: Admin, topics: readonly string[]): Promise<TopicFacts[]> {
  const { topics: metadata } = await kafkaCall(() => admin.fetchTopicMetadata({ topics: [...topics] }));
  const { resources } = await kafkaCall(() =>
    admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: TOPIC_RESOURCE, name, configNames: [...CONFIG_NAMES] })),
    }),
  );
  return metadata.map(({ name, partitions }) => ({
    topic: name,
    partitions: partitions.length,
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    inSync: Math.min(...partitions.map(({ isr }) => isr.length)),
    leaderless: partitions.filter(({ leader }) => leader < 0).length,
    config: new Map(
      resources
        .find(({ resourceName }) => resourceName === name)
        ?.configEntries.map(({ configName, configValue }) => [configName, configValue]),
    ),
  }));
}

/** What a topic is for, which decides what is right for it. */
export type TopicRole = "events" | "dead_letters" | "ledger";

/** What workers and store count on. */
export type TopicNeeds = {
  /** Bootstrap brokers, for the commands that fix it. */
  brokers: readonly string[];
  /** Largest batch or message that workers send to the topic, bytes. */
  maxBytes: number;
  /** Oldest event that is accepted, and how long raw events are kept, days; undefined where the store was not asked. */
  eventMaxAgeDays: number;
  rawRetentionDays: number | undefined;
};

/** An events topic that keeps less than this does not outlast a night without consumers, ms. */
const MIN_RETENTION_MS = DAY_MS;
/** Fewer cannot be shared among consumers, and adding some later breaks the order of keys. */
const MIN_PARTITIONS = 6;

/** Compares one topic with what the pipeline needs of it. */
export function topicFindings(role: TopicRole, facts: TopicFacts, needs: TopicNeeds): Finding[] {
  return [
    ...timestampFindings(facts, needs),
    ...cleanupFindings(role, facts, needs),
    ...sizeFindings(facts, needs),
    ...(role === "events" ? [...partitionFindings(facts, needs), ...retentionFindings(facts, needs)] : []),
    ...replicaFindings(facts, needs),
  ];
}

/** Too old and in the future are judged against the broker's time; a sender's would give other verdicts in a replay. */
function timestampFindings({ topic, config }: TopicFacts, { brokers }: TopicNeeds): Finding[] {
  const type = config.get("message.timestamp.type");
  if (type === undefined || type === "LogAppendTime") return [];
  return [
    {
      code: "KAFKA_TOPIC_CREATE_TIME",
      severity: "wrong",
      found: `topic ${topic} has message.timestamp.type=${type}: its times are those of the senders' clocks`,
      next: alter(brokers, topic, "message.timestamp.type=LogAppendTime"),
    },
  ];
}

function cleanupFindings(role: TopicRole, { topic, config }: TopicFacts, { brokers }: TopicNeeds): Finding[] {
  const policy = config.get("cleanup.policy");
  const wanted = role === "ledger" ? "compact" : "delete";
  if (policy === undefined || policy === wanted) return [];
  const effect =
    role === "ledger" ? "the producers' counts are deleted with time" : "messages that share a key are deleted";
  return [
    {
      code: role === "ledger" ? "KAFKA_LEDGER_NOT_COMPACTED" : "KAFKA_TOPIC_COMPACTED",
      severity: "wrong",
      found: `topic ${topic} has cleanup.policy=${policy}: ${effect}`,
      next: alter(brokers, topic, `cleanup.policy=${wanted}`),
    },
  ];
}

function sizeFindings({ topic, config }: TopicFacts, { brokers, maxBytes: needed }: TopicNeeds): Finding[] {
  const limit = Number(config.get("max.message.bytes") ?? Number.POSITIVE_INFINITY);
  if (limit >= needed) return [];
  return [
    {
      code: "KAFKA_TOPIC_MESSAGE_BYTES",
      severity: "wrong",
      found: `topic ${topic} takes batches of ${limit} bytes (max.message.bytes), and is sent up to ${needed}`,
      next: alter(brokers, topic, `max.message.bytes=${needed}`),
    },
  ];
}

function partitionFindings({ topic, partitions }: TopicFacts, { brokers }: TopicNeeds): Finding[] {
  if (partitions >= MIN_PARTITIONS) return [];
  return [
    {
      code: "KAFKA_TOPIC_FEW_PARTITIONS",
      severity: "warning",
      found: `topic ${topic} has ${partitions} of at least ${MIN_PARTITIONS} partitions: no more consumers than that can share it`,
      next: `kafka-topics.sh --bootstrap-server ${brokers.join(",")} --alter --topic ${topic} --partitions ${MIN_PARTITIONS} (keys change partition at that moment)`,
    },
  ];
}

/**
 * Too short, and consumers that stand still lose events. Too long, and a rewind brings events back whose minutes are no
 * longer recomputed: an event may be as old as the topic keeps it plus what it was late, and one day is partly past.
 */
function retentionFindings({ topic, config }: TopicFacts, needs: TopicNeeds): Finding[] {
  const { brokers, eventMaxAgeDays, rawRetentionDays } = needs;
  const ms = Number(config.get("retention.ms") ?? Number.NaN);
  const days = (ms / DAY_MS).toFixed(1);
  if (ms >= 0 && ms < MIN_RETENTION_MS) {
    return [
      {
        code: "KAFKA_TOPIC_SHORT_RETENTION",
        severity: "wrong",
        found: `topic ${topic} keeps messages for ${days} days (retention.ms=${ms}): consumers that stand still for longer lose events`,
        next: alter(brokers, topic, `retention.ms=${7 * DAY_MS}`),
      },
    ];
  }
  const findings: Finding[] = [];
  const bytes = Number(config.get("retention.bytes") ?? -1);
  if (bytes >= 0) {
    findings.push({
      code: "KAFKA_TOPIC_SHORT_RETENTION",
      severity: "warning",
      found: `topic ${topic} keeps ${bytes} bytes a partition (retention.bytes): a peak deletes events that were not read yet`,
      next: alter(brokers, topic, "retention.bytes=-1"),
    });
  }
  if (rawRetentionDays === undefined) return findings;
  const most = rawRetentionDays - 1 - eventMaxAgeDays;
  // Raw events that are kept for less than events may be late are a finding about the store, fixed there.
  if (most > 0 && (ms < 0 || ms > most * DAY_MS)) {
    findings.push({
      code: "KAFKA_TOPIC_LONG_RETENTION",
      severity: "warning",
      found:
        `topic ${topic} keeps messages ${ms < 0 ? "for ever" : `for ${days} days`}, events may be ${eventMaxAgeDays} days late, and raw events ` +
        `are kept for ${rawRetentionDays} days: a rewind to its begin brings events whose minutes are no longer recomputed`,
      next: `rewind no further than ${most} days, or keep raw events longer: ops migrate --raw-retention-days <days>`,
    });
  }
  return findings;
}

/** Producers wait for all replicas that are in sync; how many that are at least is the topic's to say. */
function replicaFindings(facts: TopicFacts, { brokers }: TopicNeeds): Finding[] {
  const { topic, replicas, inSync, leaderless, config } = facts;
  const findings: Finding[] = [];
  const least = Number(config.get("min.insync.replicas") ?? 1);
  if (leaderless > 0 || inSync < least) {
    findings.push({
      code: "KAFKA_TOPIC_UNAVAILABLE",
      severity: "wrong",
      found: `topic ${topic}: ${leaderless} partitions without a leader; ${inSync} replicas in sync of ${least} that must be (min.insync.replicas): nothing can be sent`,
      next:
        least > replicas
          ? `${alter(brokers, topic, `min.insync.replicas=${replicas}`)}, or add replicas`
          : "bring the missing brokers back",
    });
  }
  if (replicas >= 3 && least < 2) {
    findings.push({
      code: "KAFKA_TOPIC_MIN_ISR",
      severity: "warning",
      found: `topic ${topic} has ${replicas} replicas and min.insync.replicas=${least}: one broker may acknowledge alone and take the events with it`,
      next: alter(brokers, topic, "min.insync.replicas=2"),
    });
  }
  if (config.get("unclean.leader.election.enable") === "true") {
    findings.push({
      code: "KAFKA_TOPIC_UNCLEAN_ELECTION",
      severity: "wrong",
      found: `topic ${topic} has unclean.leader.election.enable=true: acknowledged events may be lost when a broker fails`,
      next: alter(brokers, topic, "unclean.leader.election.enable=false"),
    });
  }
  return findings;
}

function alter(brokers: readonly string[], topic: string, setting: string): string {
  return `kafka-configs.sh --bootstrap-server ${brokers.join(",")} --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`;
}
