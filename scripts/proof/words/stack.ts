import { z } from "zod";
import type { Random } from "../../../workers/producer/sources/simulate/random.ts";
import { type Admin, createKafkaClient } from "../../../workers/shared/kafka/client.ts";
import { kafkaConfigShape } from "../../../workers/shared/kafka/config.ts";
import { fetchCommittedOffsets, fetchTopicRanges } from "../../../workers/shared/kafka/topic-reader.ts";
import { loadConfig } from "../../../workers/shared/runtime/config.ts";
import { createLogger } from "../../../workers/shared/runtime/logger.ts";
import { EmbeddedPipeline } from "../../testkit/embedded-pipeline.ts";
import { waitFor } from "../../testkit/process/wait-for.ts";
import type { RunningWorker } from "../../testkit/worker.ts";
import { patiently } from "../patiently.ts";

const [TOPIC, GROUP] = ["events", "countinghouse"];
/** Messages a second; late events, duplicates and malformed messages are always among them. */
const RATE = 50;

/** What runs all the time, by what it is; a kill is followed by another of the same kind. */
export type Role = "consumer" | "producer" | "watcher";

/** How far the continuous audit has come. */
export type Watched = { next: Map<number, number>; provenUntilMs: number | undefined; different: string[] };

/** A message that was committed and never stored: the place, and where the group stood before. */
export type Loss = { partition: number; from: number; to: number };

/**
 * A pipeline under live traffic, with its watcher, for many runs. Whoever is killed comes back; what was lost on purpose is
 * read again in the end.
 */
export class Stack {
  readonly #workers = new Map<Role, RunningWorker>();
  /** Runs that it has served. */
  runs = 0;

  private constructor(
    readonly pipeline: EmbeddedPipeline,
    readonly admin: Admin,
    readonly kafka: ReturnType<typeof createKafkaClient>,
  ) {}

  static async start(random: Random): Promise<Stack> {
    const pipeline = await EmbeddedPipeline.start({ lightlyCompiled: true });
    const config = loadConfig(z.object(kafkaConfigShape), { KAFKA_BROKERS: pipeline.broker.brokers });
    const kafka = createKafkaClient(config, createLogger({ name: "words", level: "silent" }));
    const admin = kafka.admin();
    await admin.connect();
    const stack = new Stack(pipeline, admin, kafka);
    for (const role of ["consumer", "producer", "watcher"] as const) stack.startRole(role, random);
    const stored = async () => (await pipeline.one<{ n: string }>("SELECT count() AS n FROM events")).n !== "0";
    await waitFor(stored, { timeoutMs: 120_000, describe: "a stored event" });
    return stack;
  }

  startRole(role: Role, random: Random): void {
    const start = {
      consumer: () => this.pipeline.startConsumer(CONSUMER),
      producer: () => this.pipeline.startProducer(simulated(random), PRODUCER),
      watcher: () => this.pipeline.startOps(WATCH),
    };
    this.#workers.set(role, start[role]());
  }

  async kill(role: Role, signal: NodeJS.Signals): Promise<void> {
    await this.#workers.get(role)?.kill(signal);
  }

  /** Consumers and watchers that ended by themselves; a producer ends with its broker never. */
  ended(): string[] {
    return [...this.#workers].flatMap(([role, { exitCode }]) =>
      exitCode === null ? [] : [`the ${role} ended by itself with ${exitCode}`],
    );
  }

  logs(): string {
    return [...this.#workers]
      .map(([role, { logs }]) => [`=== ${role}`, ...logs.slice(-200).map(({ text }) => text)].join("\n"))
      .join("\n\n");
  }

  /** Commits a message that nobody has read, while no consumer runs; everything before it that waits is lost as well. */
  async lose(): Promise<Loss> {
    await this.kill("consumer", "SIGTERM");
    const partition = 0;
    const committed = await patiently(() => fetchCommittedOffsets(this.admin, GROUP, TOPIC));
    const producer = this.kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    const time = new Date().toISOString();
    const event = { event_id: crypto.randomUUID(), user_id: "lost", event_type: "click" };
    const value = JSON.stringify({ ...event, event_time: time, received_time: time });
    const [sent] = await producer.send({ topic: TOPIC, acks: -1, messages: [{ value, partition }] });
    await producer.disconnect();
    const to = Number(sent?.baseOffset ?? 0) + 1;
    const loss = { partition, from: committed.get(partition) ?? 0, to };
    await this.#moveGroup(partition, to);
    return loss;
  }

  /** Has the group read again what was lost; no consumer may run. */
  async fix({ partition, from }: Loss): Promise<void> {
    await this.#moveGroup(partition, from);
  }

  async #moveGroup(partition: number, offset: number): Promise<void> {
    const partitions = [{ partition, offset: String(offset) }];
    // A member that was killed before belongs to the group until its session ends.
    const moved = async () => {
      await this.admin.setOffsets({ groupId: GROUP, topic: TOPIC, partitions }).catch(() => undefined);
      const committed = await patiently(() => fetchCommittedOffsets(this.admin, GROUP, TOPIC));
      return committed.get(partition) === offset;
    };
    await waitFor(moved, { timeoutMs: 60_000, intervalMs: 300, describe: "the group to be moved" });
  }

  /** Ends of the topic now, by partition. */
  async ends(): Promise<Map<number, number>> {
    const ranges = await patiently(() => fetchTopicRanges(this.admin, TOPIC));
    return new Map(ranges.map(({ partition, end }) => [partition, end]));
  }

  async watched(): Promise<Watched> {
    type Row = { p: number; next: string; until: string | null; difference: string };
    const rows = await patiently(() =>
      this.pipeline.clickhouse.query<Row>(
        "SELECT kafka_partition AS p, next_offset AS next, toUnixTimestamp64Milli(proven_until) AS until, difference FROM proof",
      ),
    );
    const until = rows.map((row) => Number(row.until ?? 0));
    return {
      next: new Map(rows.map(({ p, next }) => [p, Number(next)])),
      provenUntilMs: rows.length === 0 ? undefined : Math.min(...until),
      different: rows.flatMap(({ difference }) => (difference === "" ? [] : [difference])),
    };
  }

  async stop(): Promise<void> {
    await this.admin.disconnect().catch(() => undefined);
    await this.pipeline.stop();
  }
}

// A killed member is soon missed. The rest is slower than by default: a run waits, and its CPU is wanted by other runs.
const CONSUMER = {
  KAFKA_SESSION_TIMEOUT_MS: "6000",
  KAFKA_REBALANCE_TIMEOUT_MS: "6000",
  KAFKA_FETCH_MAX_WAIT_MS: "500",
  BATCH_MIN_AGE_MS: "800",
  BATCH_MAX_AGE_MS: "1000",
};
const PRODUCER = { SEND_LINGER_MS: "200" };

const WATCH = ["verify", "--watch", "--interval", "15s", "--settle", "2s", "--wait", "5s", "--continuous", "500ms"];

function simulated(random: Random): string[] {
  const late = "--late-share 0.1 --late-range 1-3 --duplicate-share 0.1 --malformed-share 0.02 --drain-held now";
  return `simulate --rate ${RATE} --seed ${random.uuid()} ${late}`.split(" ");
}
