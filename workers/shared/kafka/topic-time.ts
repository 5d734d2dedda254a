import { type Admin, ConfigResourceTypes, type KafkaMessage } from "kafkajs";
import { AppError } from "../runtime/errors.ts";
import { kafkaCall } from "./errors.ts";

/**
 * Times of a topic's messages are the broker's (LogAppendTime) or whatever a client wrote (CreateTime, Kafka's default).
 * Too old and in the future are judged against them, so that a client's time would refuse valid events.
 */
export const TOPIC_CREATE_TIME = "KAFKA_TOPIC_CREATE_TIME";

const SETTING = "message.timestamp.type";

/** The command that has the brokers write the time of messages from now on. */
export function appendTimeCommand(brokers: readonly string[], topic: string): string {
  return (
    `kafka-configs.sh --bootstrap-server ${brokers.join(",")} --alter --entity-type topics --entity-name ${topic} ` +
    `--add-config ${SETTING}=LogAppendTime`
  );
}

/**
 * Checks that the brokers write the time of the topic's messages. Without the right to see the topic's settings nothing
 * is said here: messages are looked at as they come, see {@link findClientTimes}.
 * @throws AppError {@link TOPIC_CREATE_TIME} with the command that fixes it; `KAFKA_…` when the brokers do not answer.
 */
export async function assertAppendTime(admin: Admin, brokers: readonly string[], topic: string): Promise<void> {
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: [SETTING] }];
  const described = await kafkaCall(() => admin.describeConfigs({ includeSynonyms: false, resources })).catch(
    (error: unknown) => {
      if (error instanceof AppError && error.code === "KAFKA_TOPIC_AUTHORIZATION_FAILED") return undefined;
      throw error;
    },
  );
  const value = described?.resources[0]?.configEntries.find(({ configName }) => configName === SETTING)?.configValue;
  if (value === undefined || value === "LogAppendTime") return;
  const message = `topic ${topic} has ${SETTING}=${value}: clients write the time of its messages, so that nothing can be judged by it`;
  throw new AppError(TOPIC_CREATE_TIME, message, { retry: false, next: appendTimeCommand(brokers, topic) });
}

/** What the client keeps of the record batch of a message. 1: the broker's append time. */
type Fetched = KafkaMessage & { readonly batchContext?: { readonly timestampType?: number } };
const LOG_APPEND_TIME = 1;

/** The first stretch of messages whose time a client wrote, both offsets included; undefined: there is none. */
export function findClientTimes(messages: readonly KafkaMessage[]): { from: number; to: number } | undefined {
  // Messages of one batch share its context.
  let last: Fetched["batchContext"];
  let found: { from: number; to: number } | undefined;
  for (const message of messages as readonly Fetched[]) {
    if (found === undefined && message.batchContext === last) continue;
    last = message.batchContext;
    const byClient = last !== undefined && last.timestampType !== LOG_APPEND_TIME;
    if (!byClient && found !== undefined) break;
    if (byClient) found = { from: found?.from ?? Number(message.offset), to: Number(message.offset) };
  }
  return found;
}

/** Messages from before the topic was fixed: there is no time to judge them by. */
export function clientTimesError(topic: string, range: { partition: number; from: number; to: number }): AppError {
  const { partition, from, to } = range;
  return new AppError(
    TOPIC_CREATE_TIME,
    `topic ${topic}, partition ${partition}: the times of offsets ${from} to ${to} were written by clients, not by the broker`,
    {
      retry: false,
      next:
        `set ${SETTING}=LogAppendTime on the topic, send these messages again and leave the old ones out: ` +
        skipCommand({ topic, ...range }),
    },
  );
}

/** The command that accounts for offsets nobody can read and moves the group beyond them. Both offsets included. */
export function skipCommand(range: { topic: string; partition: number; from: number; to: number }): string {
  return `ops skip --topic ${range.topic} --partition ${range.partition} --from ${range.from} --to ${range.to}`;
}
