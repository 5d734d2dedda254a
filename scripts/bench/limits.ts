import { EVENTS_RAW_COLUMNS } from "../../workers/shared/clickhouse/tables/events-raw.ts";
import { cpuSeconds } from "../testkit/process/process-stats.ts";
import { settle } from "./drain.ts";
import { type ConsumerPerf, consumerPerf } from "./kafka-tools.ts";
import { createPlainTable, PLAIN_TABLE } from "./peers/kafka-engine.ts";
import type { Stage } from "./stage.ts";
import type { FilledTopic } from "./topic-filler.ts";

/** An insert of the topic's rows from a file. */
export type FileInsert = { eventsPerS: number; cpuUsPerEvent: number };

/** What no pipeline can beat: reading alone and storing alone. */
export type Limits = {
  /** Kafka's own consumer, which throws the messages away. */
  consumerPerf: ConsumerPerf;
  /** The same rows, prepared as blocks in Native format, into a table without views. */
  insertPlain: FileInsert;
  /** … and into the pipeline's tables, until the views have settled. */
  insertPipeline: FileInsert;
};

/** Measures the limits of this machine for one topic. */
export async function measureLimits(stage: Stage, topic: FilledTopic): Promise<Limits> {
  return {
    consumerPerf: await consumerPerf(stage.broker.brokers, topic.topic, topic.messages),
    insertPlain: await insertFile(stage, topic, PLAIN_TABLE),
    insertPipeline: await insertFile(stage, topic, "events_raw"),
  };
}

async function insertFile(stage: Stage, topic: FilledTopic, table: string): Promise<FileInsert> {
  const { nativeFile, messages } = topic;
  if (nativeFile === undefined) throw new Error(`no prepared file for ${topic.topic}`);
  const store = await stage.store();
  try {
    const { pid } = store.engine;
    if (pid === undefined) throw new Error("the engine does not run");
    const plain = table === PLAIN_TABLE;
    if (plain) await createPlainTable(store);
    const cpu = cpuSeconds(pid);
    const began = performance.now();
    await store.clickhouse.command(
      `INSERT INTO ${table} (${EVENTS_RAW_COLUMNS.join(", ")}) FROM INFILE '${nativeFile}' COMPRESSION 'none' FORMAT Native`,
    );
    const seconds = (performance.now() - began) / 1_000;
    if (!plain) await settle(store);
    return { eventsPerS: messages / seconds, cpuUsPerEvent: ((cpuSeconds(pid) - cpu) / messages) * 1e6 };
  } finally {
    await store.stop();
  }
}
