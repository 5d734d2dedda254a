import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Admin, createKafkaClient } from "../../../workers/shared/kafka/client.ts";
import { type KafkaConfig, kafkaConfigShape } from "../../../workers/shared/kafka/config.ts";
import { fetchCommittedOffsets, fetchTopicRanges } from "../../../workers/shared/kafka/topic-reader.ts";
import { loadConfig } from "../../../workers/shared/runtime/config.ts";
import { AppError } from "../../../workers/shared/runtime/errors.ts";
import { createLogger } from "../../../workers/shared/runtime/logger.ts";
import { waitFor } from "../process/wait-for.ts";
import { useStack } from "../stack.ts";
import { kafkaEnv, uniqueName } from "../unique-name.ts";
import { type RunningWorker, startWorker } from "../worker.ts";
import { type RoleOptions, RoleStore, type StoreOptions } from "./role-store.ts";
import { userOf } from "./users-config.ts";

/** How long the consumer may take to start, and to store what there is, ms: machines that run tests are busy. */
const STORED_MS = 120_000;

/** How a command ended; `text` is all it printed. */
export type Ended = { readonly code: number; readonly text: string };

/** How a command ends that went well, and printed this. */
export const done = (text = ""): Ended => ({ code: 0, text: expect.stringContaining(text) });

/** Topics and a store whose roles take turns; compiled workers are started as the role whose turn it is. */
export class RolePipeline {
  readonly #workers: RunningWorker[] = [];
  /** Where workers find ClickHouse, instead of the engine itself: a front before it. */
  clickhouseUrl: string | undefined;

  private constructor(
    /** Names of topics that `ops migrate` makes, and of groups. */
    readonly kafka: ReturnType<typeof kafkaEnv>,
    readonly config: KafkaConfig,
    readonly store: RoleStore,
    readonly admin: Admin,
  ) {}

  /** Connects to the tests' broker; the store opens with its first role. */
  static async start(options: StoreOptions = {}): Promise<RolePipeline> {
    const store = await RoleStore.create(options);
    const kafka = kafkaEnv((await useStack()).brokers, uniqueName("roles"));
    const config = loadConfig(z.object(kafkaConfigShape), kafka);
    const admin = createKafkaClient(config, createLogger({ name: "roles", level: "silent" })).admin();
    await admin.connect();
    return new RolePipeline(kafka, config, store, admin);
  }

  /** What a worker of the running role needs to find Kafka and ClickHouse; the password as a file, as the chart has it. */
  get env(): Record<string, string> {
    const { CLICKHOUSE_PASSWORD: password, ...env } = this.store.env;
    const file = join(this.store.dir, "password");
    // As an editor or `echo` leaves it: with a line break.
    writeFileSync(file, `${password}\n`);
    const url = this.clickhouseUrl === undefined ? {} : { CLICKHOUSE_URL: this.clickhouseUrl };
    return { ...env, ...url, CLICKHOUSE_PASSWORD_FILE: file, ...this.kafka, HEALTH_PORT: "0" };
  }

  /** Starts a compiled worker as the running role. */
  start(binary: string, args: readonly string[] = [], env: Record<string, string> = {}): RunningWorker {
    const worker = startWorker({ binary, args, env: { ...this.env, ...env } });
    this.#workers.push(worker);
    return worker;
  }

  /** Runs a compiled worker to its end. */
  async run(binary: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    const worker = this.start(binary, args, env);
    const code = await worker.exited;
    return { code, text: worker.text };
  }

  /** Runs `ops` with a command line that quotes nothing. */
  ops(line: string, env: Record<string, string> = {}): Promise<Ended> {
    return this.run("ops", line.split(" "), env);
  }

  /** A verification and an audit, by the role that operates, which stays. */
  async expectExact(): Promise<void> {
    await this.store.as("operate");
    expect(await this.ops("verify --wait 60s")).toEqual(done("EXACT"));
    expect(await this.ops("verify --audit --wait 60s")).toEqual(done("EXACT"));
  }

  /** `ops migrate` as the role that may; the views get its name, which the process itself does not have. */
  async migrate(): Promise<Ended> {
    await this.store.as("migrate");
    return this.ops(`migrate --owner ${userOf("migrate")}`);
  }

  /** The compiled consumer, as the role that inserts, stores what the topics hold, commits that and leaves. */
  async consume(changes: RoleOptions = {}): Promise<void> {
    await this.store.as("insert", changes);
    const consumer = this.start("consumer");
    // Told to stop any earlier, it would not yet know how to.
    await consumer.waitForLog(({ json }) => json.msg === "consumer started", { timeoutMs: STORED_MS });
    const level = async (group: string, topic: string) => {
      if (consumer.exitCode !== null) await consumer.waitForLog(() => false);
      // The coordinator of a group that is just joined for the first time may not be elected yet.
      const committed = await fetchCommittedOffsets(this.admin, group, topic).catch(unlessLater);
      if (committed === undefined) return false;
      const ranges = await fetchTopicRanges(this.admin, topic);
      return ranges.every(({ partition, from, end }) => (committed.get(partition) ?? from) >= end);
    };
    const { kafka } = this;
    const all = async () =>
      (await level(kafka.KAFKA_GROUP_ID, kafka.KAFKA_EVENTS_TOPIC)) &&
      (await level(kafka.KAFKA_LEDGER_GROUP_ID, kafka.KAFKA_LEDGER_TOPIC));
    const describe = () => `the consumer to store everything:\n${consumer.text}`;
    await waitFor(all, { timeoutMs: STORED_MS, intervalMs: 200, describe });
    if ((await consumer.kill()) !== 0) throw new Error(`the consumer failed:\n${consumer.text}`);
  }

  /** The consumer that comes next stores everything once more, as after lost commits. */
  async forgetCommits(): Promise<void> {
    await this.admin.deleteGroups([this.kafka.KAFKA_GROUP_ID, this.kafka.KAFKA_LEDGER_GROUP_ID]);
  }

  /** Sends lines to the events topic by the compiled producer, as they are. */
  async produce(lines: readonly unknown[]): Promise<void> {
    const file = join(this.store.dir, `${crypto.randomUUID()}.jsonl`);
    const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
    await Bun.write(file, `${text}\n`);
    const { code, text: printed } = await this.run("producer", ["file", file]);
    if (code !== 0) throw new Error(`the producer failed (${code}):\n${printed}`);
  }

  /** Ends everything and removes the data. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#workers.map((worker) => (worker.exitCode === null ? worker.kill("SIGKILL") : null)));
    await this.admin.disconnect();
    await this.store.remove();
  }
}

function unlessLater(error: unknown): undefined {
  if (!(error instanceof AppError && error.retry)) throw error;
}
