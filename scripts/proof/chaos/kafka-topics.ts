/** What scenarios do to the events topic itself. */
import { fetchTopicRanges } from "../../../workers/shared/kafka/topic-reader.ts";
import { waitFor } from "../../testkit/process/wait-for.ts";
import type { ChaosContext } from "./scenario.ts";

/** The topic and the group that the workers use by default. */
export const EVENTS_TOPIC = "events";
export const GROUP = "countinghouse";
const DAY_MS = 86_400_000;
/** Kafka's number for a topic among the things that have settings. */
const TOPIC_RESOURCE = 2;
const APPEND_TIME = { name: "message.timestamp.type", value: "LogAppendTime" };

/** Broker settings under which retention acts within a second. */
export const QUICK_RETENTION = {
  "log.retention.check.interval.ms": 300,
  "log.initial.task.delay.ms": 100,
  "log.segment.delete.delay.ms": 100,
} as const;

/** Has the topic's retention delete everything it holds now. */
export async function expireAll(context: ChaosContext): Promise<void> {
  const { admin } = context;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: TOPIC_RESOURCE, name: EVENTS_TOPIC, configNames: ["retention.ms"] }],
  });
  const before = resources[0]?.configEntries[0]?.configValue ?? String(7 * DAY_MS);
  await setRetention(admin, "1000");
  const empty = async () => (await fetchTopicRanges(admin, EVENTS_TOPIC)).every(({ from, end }) => from === end);
  await waitFor(empty, { timeoutMs: 60_000, intervalMs: 200, describe: "the retention to delete everything" });
  await setRetention(admin, before);
  context.fault("retention overran the group");
}

async function setRetention(admin: ChaosContext["admin"], ms: string): Promise<void> {
  const configEntries = [APPEND_TIME, { name: "retention.ms", value: ms }];
  const resources = [{ type: TOPIC_RESOURCE, name: EVENTS_TOPIC, configEntries }];
  await admin.alterConfigs({ validateOnly: false, resources });
}

/** Deletes the topic with all messages and creates it anew under the same name, with as many partitions. */
export async function recreateTopic(context: ChaosContext): Promise<void> {
  const { admin } = context;
  const partitions = (await fetchTopicRanges(admin, EVENTS_TOPIC)).length;
  await admin.deleteTopics({ topics: [EVENTS_TOPIC] });
  const gone = async () => !(await admin.listTopics()).includes(EVENTS_TOPIC);
  await waitFor(gone, { timeoutMs: 60_000, describe: "the topic to be deleted" });
  const topic = { topic: EVENTS_TOPIC, numPartitions: partitions, replicationFactor: 1, configEntries: [APPEND_TIME] };
  const created = async () => {
    // The name is free a moment after it has left the list.
    const made = await admin.createTopics({ waitForLeaders: true, topics: [topic] }).catch(() => false);
    return made || (await admin.listTopics()).includes(EVENTS_TOPIC);
  };
  await waitFor(created, { timeoutMs: 60_000, intervalMs: 300, describe: "the topic to be created" });
  context.fault("topic deleted and created anew");
}
