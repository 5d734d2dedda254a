import type { Store } from "../stage.ts";
import template from "./kafka-engine.sql" with { type: "text" };
import type { Peer, Task } from "./peer.ts";

/**
 * Of those in kafka-engine-tune.ts the cheapest whose rows are queryable within half a second or so, as the pipeline's are:
 * 18.8 CPU-µs per event (19.0 with one consumer, 18.9 with three). Blocks that wait for 2 s cost 16.7, for 7.5 s 16.2.
 */
const TUNED = { consumers: "2", block_rows: "65536", poll_rows: "65536", poll_ms: "100", flush_ms: "500" };

/** ClickHouse's Kafka engine in the store's own process, feeding the pipeline's table; `settings` differ from the tuned. */
export function kafkaEngineWith(settings: Partial<typeof TUNED>): Peer {
  return {
    name: "kafka_engine",
    title: "ClickHouse Kafka engine",
    start: (task) => startEngineTable(task, "events_raw", { ...TUNED, ...settings }),
  };
}

export const kafkaEngine = kafkaEngineWith({});

/** The same into a table of the same columns and order without views: what the marks, index and refreshed views cost. */
export const kafkaEngineBare: Peer = {
  name: "kafka_engine_bare",
  title: "ClickHouse Kafka engine, table without marks and views",
  start: async (task) => {
    await createPlainTable(task.store);
    return startEngineTable(task, PLAIN_TABLE, TUNED);
  },
  progressSql: `SELECT count() AS rows, 0 AS last_ms FROM events_plain`,
};

export const PLAIN_TABLE = "events_plain";

/** A table of the columns and order of events_raw that no view reads; it keeps every copy, so that rows can be counted. */
export async function createPlainTable(store: Store): Promise<void> {
  await store.clickhouse.command(
    `CREATE TABLE ${PLAIN_TABLE} AS events_raw ENGINE = MergeTree
     PARTITION BY event_date ORDER BY (toStartOfMinute(event_time), source, event_type, event_id)`,
  );
}

async function startEngineTable({ store, topic }: Task, target: string, settings: typeof TUNED) {
  const values: Record<string, string> = {
    ...settings,
    brokers: store.env.KAFKA_BROKERS ?? "",
    topic: topic.topic,
    group: `bench-${crypto.randomUUID()}`,
    target,
  };
  for (const statement of statements(template)) {
    await store.clickhouse.command(statement.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ""));
  }
  return {
    stop: async () => {
      await store.clickhouse.command("DROP TABLE kafka_events_to_raw");
      await store.clickhouse.command("DROP TABLE kafka_events");
    },
  };
}

function statements(sql: string): string[] {
  const text = sql.replace(/^--.*$/gm, "");
  return text.split(";").filter((statement) => statement.trim() !== "");
}
