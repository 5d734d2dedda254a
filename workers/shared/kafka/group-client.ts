import type { Admin, Consumer, Kafka } from "kafkajs";
import { kafkaCall } from "./errors.ts";
import type { GroupConsumerConfig } from "./group-types.ts";

/** The client's member of a consumer group, not yet connected. */
export function createGroupClient(kafka: Kafka, config: GroupConsumerConfig): Consumer {
  return kafka.consumer({
    groupId: config.groupId,
    sessionTimeout: config.sessionTimeoutMs,
    rebalanceTimeout: config.rebalanceTimeoutMs,
    heartbeatInterval: config.heartbeatIntervalMs,
    maxWaitTimeInMs: config.maxWaitMs,
    minBytes: config.minBytes,
    maxBytesPerPartition: config.maxBytesPerPartition,
    maxBytes: config.maxBytes,
    allowAutoTopicCreation: false,
    // The client counts retries over its whole life, not per incident: any bound would end in a needless rejoin.
    retry: { initialRetryTime: 200, maxRetryTime: 3_000, retries: 1_000_000 },
  });
}

/**
 * What the group has on record for each partition: -1 where there is nothing, -2 where the client gave its offset up
 * because it was out of range. `resolveStartOffset` must tell the two apart: the first is a new group, the second a loss.
 * @throws AppError `KAFKA_…`.
 */
export async function fetchRecordedOffsets(admin: Admin, groupId: string, topic: string): Promise<Map<number, number>> {
  const [entry] = await kafkaCall(() => admin.fetchOffsets({ groupId, topics: [topic] }));
  return new Map((entry?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)]));
}
