import { waitFor } from "../../../../scripts/testkit/index.ts";
import { migrate } from "../../../shared/clickhouse/migrate.ts";
import { COLUMN_TYPE } from "../../../shared/clickhouse/rules/schema-rules.ts";
import type { Env, HealthyPipeline } from "./fixture.ts";

/** A misconfiguration, and how the doctor must name it. */
export type Planted = {
  name: string;
  /** The code of the line, and what else it must mention. */
  code: string;
  about: string;
  /** Codes of lines that follow from the same cause. */
  also?: readonly string[];
  /** True: figures stay right, the exit code is 0. */
  warning?: boolean;
  /** Plants it; answers what the doctor is to be told differently. */
  plant?: (pipeline: HealthyPipeline) => Promise<Env | undefined>;
  env?: Env;
  undo?: (pipeline: HealthyPipeline) => Promise<unknown>;
};

const sql = (statement: string) => async (pipeline: HealthyPipeline) => {
  await pipeline.sql(statement);
  return undefined;
};
const eventsTopic =
  (partitions: number, settings: Readonly<Record<string, string>>) => async (pipeline: HealthyPipeline) => ({
    KAFKA_EVENTS_TOPIC: await pipeline.topic(partitions, settings),
  });

const NOBODY = "127.0.0.1:1";

export const STORE: readonly Planted[] = [
  {
    name: "a column of another type",
    code: COLUMN_TYPE,
    about: "events_raw.size_bytes is UInt64 instead of UInt32",
    plant: sql("ALTER TABLE events_raw MODIFY COLUMN size_bytes UInt64"),
    undo: sql("ALTER TABLE events_raw MODIFY COLUMN size_bytes UInt32"),
  },
  {
    name: "a column that was renamed",
    code: COLUMN_TYPE,
    about: "dead_letters_raw has no column reason",
    plant: sql("ALTER TABLE dead_letters_raw RENAME COLUMN reason TO why"),
    undo: sql("ALTER TABLE dead_letters_raw RENAME COLUMN why TO reason"),
  },
  {
    name: "a table that is gone",
    code: "TABLE_MISSING",
    about: "ledger_instances",
    also: ["MIGRATIONS_PENDING"],
    plant: sql("RENAME TABLE ledger_instances TO put_away"),
    undo: sql("RENAME TABLE put_away TO ledger_instances"),
  },
  {
    name: "a view that is gone",
    code: "VIEW_MISSING",
    about: "duplicates_per_minute",
    also: ["MIGRATIONS_PENDING"],
    plant: sql("DETACH TABLE duplicates_per_minute"),
    undo: sql("ATTACH TABLE duplicates_per_minute"),
  },
  {
    name: "a view of the contract that is gone",
    code: "VIEW_MISSING",
    about: "business_daily",
    also: ["MIGRATIONS_PENDING"],
    plant: sql("DETACH TABLE business_daily"),
    undo: sql("ATTACH TABLE business_daily"),
  },
  {
    name: "an insert-time view that is gone",
    code: "INSERT_VIEW_MISSING",
    about: "minute_marks_on_insert",
    also: ["VIEW_MISSING", "MIGRATIONS_PENDING"],
    plant: sql("DETACH TABLE minute_marks_on_insert"),
    undo: sql("ATTACH TABLE minute_marks_on_insert"),
  },
  {
    name: "a view of an older version",
    code: "MIGRATIONS_PENDING",
    about: "alerts",
    plant: sql("INSERT INTO schema_views (name, checksum) SELECT 'alerts', 'older'"),
    undo: ({ db }) => migrate(db.clickhouse),
  },
  {
    name: "an insert-time view that runs with the inserter's rights",
    code: "VIEW_WITHOUT_OWNER",
    about: "event_index_on_insert",
    plant: async (pipeline) => {
      await pipeline.sql("RENAME TABLE event_index_on_insert TO put_away");
      const select = "SELECT event_id, toStartOfMinute(event_time) AS event_minute, source, event_type FROM events_raw";
      await pipeline.sql(`CREATE MATERIALIZED VIEW event_index_on_insert TO event_index AS ${select}`);
      return undefined;
    },
    undo: async (pipeline) => {
      await pipeline.sql("DROP VIEW event_index_on_insert");
      await pipeline.sql("RENAME TABLE put_away TO event_index_on_insert");
    },
  },
  {
    name: "a view that somebody stopped",
    code: "VIEW_REFRESH_STOPPED",
    about: "events_per_minute_refresh",
    plant: sql("SYSTEM STOP VIEW events_per_minute_refresh"),
    undo: sql("SYSTEM START VIEW events_per_minute_refresh"),
  },
  {
    name: "a view whose refresh fails",
    code: "VIEW_REFRESH_FAILS",
    about: "events_per_hour_refresh",
    also: [COLUMN_TYPE],
    plant: async (pipeline) => {
      await pipeline.sql("ALTER TABLE events_per_hour_store RENAME COLUMN late_events TO late");
      await waitFor(async () => {
        const rows = await pipeline.db.clickhouse.query<{ exception: string }>(
          "SELECT exception FROM system.view_refreshes WHERE database = currentDatabase() AND view = 'events_per_hour_refresh' AND exception != ''",
        );
        return rows.length > 0 || undefined;
      });
      return undefined;
    },
    undo: sql("ALTER TABLE events_per_hour_store RENAME COLUMN late TO late_events"),
  },
  {
    name: "a view that was made anew without its schedule",
    code: "VIEW_NOT_REFRESHED",
    about: "events_per_hour_refresh",
    also: ["VIEW_DIFFERS"],
    plant: async (pipeline) => {
      await pipeline.sql("RENAME TABLE events_per_hour_refresh TO put_away");
      const select = "SELECT event_minute AS event_hour, source FROM events_per_minute_store WHERE 0";
      await pipeline.sql(
        `CREATE MATERIALIZED VIEW events_per_hour_refresh TO events_per_hour_store DEFINER = CURRENT_USER SQL SECURITY DEFINER AS ${select}`,
      );
      return undefined;
    },
    undo: async (pipeline) => {
      await pipeline.sql("DROP VIEW events_per_hour_refresh");
      await pipeline.sql("RENAME TABLE put_away TO events_per_hour_refresh");
    },
  },
  {
    name: "a window in which inserts are dropped as duplicates",
    code: "INSERT_DEDUPLICATION",
    about: "non_replicated_deduplication_window = 100",
    warning: true,
    plant: sql("ALTER TABLE events_raw MODIFY SETTING non_replicated_deduplication_window = 100"),
    undo: sql("ALTER TABLE events_raw RESET SETTING non_replicated_deduplication_window"),
  },
  {
    name: "raw events that are dropped too early",
    code: "RAW_RETENTION_SHORT",
    about: "EVENT_MAX_AGE_DAYS is 85",
    env: { EVENT_MAX_AGE_DAYS: "85" },
    also: ["KAFKA_TOPIC_LONG_RETENTION"],
  },
];

export const CONNECTIONS: readonly Planted[] = [
  { name: "a wrong password", code: "CLICKHOUSE_516", about: "Authentication", env: { CLICKHOUSE_PASSWORD: "wrong" } },
  {
    name: "a database that does not exist",
    code: "CLICKHOUSE_81",
    about: "there is no database not_there",
    env: { CLICKHOUSE_DATABASE: "not_there" },
  },
  {
    name: "ClickHouse that is not there",
    code: "CLICKHOUSE_UNREACHABLE",
    about: NOBODY,
    env: { CLICKHOUSE_URL: `http://${NOBODY}` },
  },
  {
    name: "TLS spoken to ClickHouse's plain port",
    code: "CLICKHOUSE_TLS_NO_TLS",
    about: "https://",
    plant: async ({ env }) => ({ CLICKHOUSE_URL: env.CLICKHOUSE_URL?.replace("http:", "https:") ?? "" }),
  },
  {
    name: "Kafka that is not there",
    code: "KAFKA_CONNECTION_ERROR",
    about: NOBODY,
    env: { KAFKA_BROKERS: NOBODY },
  },
  {
    name: "TLS spoken to Kafka's plain port",
    code: "KAFKA_CONNECTION_RESET",
    about: "TLS",
    env: { KAFKA_SSL: "true" },
  },
  {
    name: "a bucket that does not answer",
    code: "LAKE_STORAGE",
    about: "refused",
    env: {
      LAKE_URL: "s3://planted-bucket/lake",
      LAKE_S3_ENDPOINT: `http://${NOBODY}`,
      AWS_ACCESS_KEY_ID: "AKIAPLANTED",
      AWS_SECRET_ACCESS_KEY: "planted-secret-key",
    },
  },
];

export const TOPICS: readonly Planted[] = [
  {
    name: "the senders' time",
    code: "KAFKA_TOPIC_CREATE_TIME",
    about: "message.timestamp.type=CreateTime",
    plant: eventsTopic(6, { "message.timestamp.type": "CreateTime" }),
  },
  {
    name: "a limit below our batches",
    code: "KAFKA_TOPIC_MESSAGE_BYTES",
    about: "batches of 100000 bytes",
    plant: eventsTopic(6, { "max.message.bytes": "100000" }),
  },
  {
    name: "a retention of an hour",
    code: "KAFKA_TOPIC_SHORT_RETENTION",
    about: "retention.ms=3600000",
    plant: eventsTopic(6, { "retention.ms": "3600000" }),
  },
  {
    name: "a retention beyond what is recomputed",
    code: "KAFKA_TOPIC_LONG_RETENTION",
    about: "for ever",
    warning: true,
    plant: eventsTopic(6, { "retention.ms": "-1" }),
  },
  {
    name: "one partition",
    code: "KAFKA_TOPIC_FEW_PARTITIONS",
    about: "1 of at least 6 partitions",
    warning: true,
    plant: eventsTopic(1, {}),
  },
  {
    name: "an events topic that is compacted",
    code: "KAFKA_TOPIC_COMPACTED",
    about: "cleanup.policy=compact",
    plant: eventsTopic(6, { "cleanup.policy": "compact" }),
  },
  {
    name: "more replicas to be in sync than there are",
    code: "KAFKA_TOPIC_UNAVAILABLE",
    about: "min.insync.replicas",
    plant: eventsTopic(6, { "min.insync.replicas": "2" }),
  },
  {
    name: "a ledger that is not compacted",
    code: "KAFKA_LEDGER_NOT_COMPACTED",
    about: "cleanup.policy=delete",
    plant: async (pipeline) => ({ KAFKA_LEDGER_TOPIC: await pipeline.topic(1, {}) }),
  },
  { name: "a topic that is missing", code: "KAFKA_TOPIC_MISSING", about: "absent", env: { KAFKA_DLQ_TOPIC: "absent" } },
  {
    name: "one group for both topics",
    code: "KAFKA_GROUP_SHARED",
    about: "name the same group",
    plant: async ({ env }) => ({ KAFKA_LEDGER_GROUP_ID: env.KAFKA_GROUP_ID ?? "" }),
  },
];
