import {
  createTestDatabase,
  kafkaEnv,
  startWorker,
  type TestDatabase,
  uniqueName,
  useStack,
} from "../../../../scripts/testkit/index.ts";
import { type Admin, createKafkaClient, type Kafka } from "../../../shared/kafka/client.ts";
import { ensureTopics, topicSpecs } from "../../../shared/kafka/topics.ts";
import { loadConfig } from "../../../shared/runtime/config.ts";
import { createLogger } from "../../../shared/runtime/logger.ts";
import type { Row } from "../check.ts";
import { type DoctorConfig, doctorConfigSchema } from "../config.ts";

export type Env = Readonly<Record<string, string>>;

/** What a run of `ops doctor --json` came to. */
export type Examination = { code: number; rows: Row[]; text: string };

/** Runs the compiled `ops doctor` with this environment alone. */
export async function examine(env: Env, args: readonly string[] = []): Promise<Examination> {
  const worker = startWorker({ binary: "ops", args: ["doctor", "--json", ...args], env });
  const code = await worker.exited;
  const text = worker.text;
  const at = text.indexOf("[\n");
  return { code, rows: at < 0 ? [] : JSON.parse(text.slice(at, text.lastIndexOf("]") + 1)), text };
}

/** A healthy pipeline of its own on the tests' stack: a migrated database, three topics, groups of its own name. */
export class HealthyPipeline {
  private constructor(
    readonly db: TestDatabase,
    readonly env: Env,
    readonly config: DoctorConfig,
    readonly kafka: Kafka,
    readonly admin: Admin,
  ) {}

  static async create(): Promise<HealthyPipeline> {
    const stack = await useStack();
    const db = await createTestDatabase(stack.clickhouse);
    const name = uniqueName("doctor");
    const env = { ...db.env, ...kafkaEnv(stack.brokers, name) };
    const config = loadConfig(doctorConfigSchema, env);
    const kafka = createKafkaClient(config, createLogger({ name: "test", level: "silent" }));
    const admin = kafka.admin();
    await admin.connect();
    await ensureTopics(admin, topicSpecs(config, { partitions: 6, retentionMs: 7 * 86_400_000 }), 1);
    return new HealthyPipeline(db, env, config, kafka, admin);
  }

  /** Runs a statement in the database. */
  sql(statement: string): Promise<void> {
    return this.db.clickhouse.command(statement);
  }

  /** Makes a topic with these settings besides LogAppendTime; answers its name. */
  async topic(partitions: number, settings: Readonly<Record<string, string>>): Promise<string> {
    const topic = uniqueName("planted");
    const config = { "message.timestamp.type": "LogAppendTime", "retention.ms": "604800000", ...settings };
    await ensureTopics(this.admin, [{ topic, partitions, config }], 1);
    return topic;
  }

  async stop(): Promise<void> {
    await this.admin.disconnect();
    await this.db.drop();
  }
}
