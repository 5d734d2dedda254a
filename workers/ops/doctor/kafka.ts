import { topicVariable } from "../../shared/kafka/config.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import { describeGroup, GROUP_SHARED, type GroupDescription } from "../../shared/kafka/group-members.ts";
import { fetchTopicRanges } from "../../shared/kafka/topic-reader.ts";
import { readTopics, type TopicNeeds, type TopicRole, topicFindings } from "../../shared/kafka/topic-rules.ts";
import type { Finding } from "../../shared/runtime/finding.ts";
import type { Check, Outcome } from "./check.ts";
import { type Session, toFinding } from "./session.ts";

/** Whether the brokers answer. */
export function brokerChecks(session: Session): Check[] {
  return [{ name: "kafka", variable: "KAFKA_BROKERS", run: () => checkBrokers(session) }];
}

/** Topics and groups. */
export function kafkaChecks(session: Session): Check[] {
  return [
    { name: "topics", needs: ["kafka"], run: () => checkTopics(session) },
    { name: "groups", needs: ["kafka"], run: () => checkGroups(session) },
  ];
}

async function checkBrokers(session: Session): Promise<Outcome> {
  const { config } = session;
  const where = config.KAFKA_BROKERS.join(",");
  try {
    const admin = await session.kafka();
    const { brokers } = await kafkaCall(() => admin.describeCluster());
    const tls = config.KAFKA_SSL ? "TLS" : "no TLS";
    const login =
      config.KAFKA_SASL_MECHANISM === undefined
        ? "no login"
        : `${config.KAFKA_SASL_USERNAME} by ${config.KAFKA_SASL_MECHANISM}`;
    return { found: `${brokers.length} brokers behind ${where}, ${tls}, ${login}`, findings: [] };
  } catch (error) {
    const finding = toFinding(error, "check that Kafka answers at KAFKA_BROKERS");
    return { broken: { ...finding, found: `${where}: ${finding.found}` } };
  }
}

/** Further bytes of a batch besides its messages' keys and values. */
const BATCH_OVERHEAD_BYTES = 1_024;

async function checkTopics(session: Session): Promise<Outcome> {
  const { config } = session;
  const admin = await session.kafka();
  const roles: readonly [TopicRole, string][] = [
    ["events", config.KAFKA_EVENTS_TOPIC],
    ["dead_letters", config.KAFKA_DLQ_TOPIC],
    ["ledger", config.KAFKA_LEDGER_TOPIC],
  ];
  const listed = new Set(await kafkaCall(() => admin.listTopics()));
  const missing = roles.filter(([, topic]) => !listed.has(topic));
  const there = roles.filter(([, topic]) => listed.has(topic));
  const findings: Finding[] = missing.map(([, topic]) => ({
    code: "KAFKA_TOPIC_MISSING",
    severity: "wrong",
    found: `there is no topic ${topic} (${topicVariable(topic, config)}), or this login may not see it`,
    next: "run `ops migrate`, or correct the variable, or grant the user of KAFKA_SASL_USERNAME Describe on it",
  }));
  if (there.length > 0) {
    const needs: TopicNeeds = {
      brokers: config.KAFKA_BROKERS,
      maxBytes: config.SEND_BATCH_BYTES + BATCH_OVERHEAD_BYTES,
      eventMaxAgeDays: config.EVENT_MAX_AGE_DAYS,
      rawRetentionDays: session.rawRetentionDays,
    };
    const facts = await readTopics(
      admin,
      there.map(([, topic]) => topic),
    );
    for (const [role, topic] of there) {
      const found = facts.find((entry) => entry.topic === topic);
      if (found !== undefined) findings.push(...topicFindings(role, found, needs));
    }
    // The brokers that lead the partitions are reached by the addresses they announce, which may differ from ours.
    if (listed.has(config.KAFKA_EVENTS_TOPIC)) await fetchTopicRanges(admin, config.KAFKA_EVENTS_TOPIC);
  }
  return { found: `${there.map(([, topic]) => topic).join(", ")}: settings fit, leaders answer`, findings };
}

async function checkGroups(session: Session): Promise<Outcome> {
  const { config } = session;
  const admin = await session.kafka();
  const pairs = [
    [config.KAFKA_GROUP_ID, config.KAFKA_EVENTS_TOPIC],
    [config.KAFKA_LEDGER_GROUP_ID, config.KAFKA_LEDGER_TOPIC],
  ] as const;
  const findings: Finding[] = [];
  const seen: string[] = [];
  for (const [groupId, topic] of pairs) {
    const group = await describeGroup(admin, groupId);
    findings.push(...groupFindings(groupId, topic, group));
    seen.push(`${groupId} ${group.members.length} members`);
  }
  if (config.KAFKA_GROUP_ID === config.KAFKA_LEDGER_GROUP_ID) {
    findings.push(shared(config.KAFKA_GROUP_ID, "KAFKA_GROUP_ID and KAFKA_LEDGER_GROUP_ID name the same group"));
  }
  return { found: seen.join(", "), findings };
}

/** The assignors that our client offers. */
const ASSIGNORS: ReadonlySet<string> = new Set(["RoundRobinAssigner"]);

/** Members that are not ours: they ask for other topics, hold other topics, or divide partitions in another way. */
export function groupFindings(groupId: string, topic: string, group: GroupDescription): Finding[] {
  const findings: Finding[] = [];
  for (const { clientId, host, topics, assigned } of group.members) {
    const others = [...new Set([...topics, ...assigned.keys()])].filter((name) => name !== topic);
    if (others.length === 0) continue;
    const who = `${clientId} at ${host.replace(/^\//, "")}`;
    findings.push(shared(groupId, `member ${who} of group ${groupId} reads ${others.join(", ")}, not only ${topic}`));
  }
  if (group.members.length > 0 && group.assignor !== "" && !ASSIGNORS.has(group.assignor)) {
    const text = `group ${groupId} divides its partitions by ${group.assignor}, which the consumer does not know`;
    findings.push(shared(groupId, text));
  }
  return findings;
}

const shared = (groupId: string, found: string): Finding => ({
  code: GROUP_SHARED,
  severity: "wrong",
  found,
  next: `another client uses the group ${groupId}: give each its own by KAFKA_GROUP_ID and KAFKA_LEDGER_GROUP_ID`,
});
