import { join } from "node:path";
import { z } from "zod";
import { Random } from "../../../workers/producer/sources/simulate/random.ts";
import { type Admin, createKafkaClient, type Kafka } from "../../../workers/shared/kafka/client.ts";
import { kafkaConfigShape } from "../../../workers/shared/kafka/config.ts";
import { fetchCommittedOffsets, fetchTopicRanges, readTopic } from "../../../workers/shared/kafka/topic-reader.ts";
import { loadConfig } from "../../../workers/shared/runtime/config.ts";
import { createLogger } from "../../../workers/shared/runtime/logger.ts";
import { EmbeddedPipeline } from "../../testkit/embedded-pipeline.ts";
import { freePort } from "../../testkit/process/ports.ts";
import { waitFor } from "../../testkit/process/wait-for.ts";
import { FaultProxy } from "../../testkit/proxies/fault-proxy.ts";
import type { RunningWorker } from "../../testkit/worker.ts";
import { patiently } from "../patiently.ts";
import { FaultLink } from "./fault-link.ts";
import { FaultList } from "./fault-list.ts";
import { EVENTS_TOPIC, GROUP } from "./kafka-topics.ts";
import type { ChaosContext, HeldInsert, LoadOptions, Scenario } from "./scenario.ts";

const MINUTE_MS = 60_000;

/** What the runner needs of a scenario's context besides what scenarios see. */
export type ChaosRun = ChaosContext & {
  readonly faults: FaultList;
  /** Canonical ids of the events sent with `send`. */
  readonly sent: ReadonlySet<string>;
  /** Longest recovery measured, seconds; undefined: none was. */
  readonly recoveryS: number | undefined;
  /** Waits for all loads, heals the links, and sees to it that a consumer runs. Returns what went wrong. */
  settle(): Promise<string[]>;
  /** Everything the workers printed, for a failed run. */
  logs(): string;
  stop(): Promise<void>;
};

type Started = { kind: "consumer" | "load"; worker: RunningWorker; expected: boolean; endless?: boolean };

/** Starts a pipeline with links for a scenario; about 7 s. */
export async function createContext(scenario: Pick<Scenario, "name" | "pipeline">, seed: string): Promise<ChaosRun> {
  const proxied = { port: await freePort() };
  const kafkaLink = await FaultLink.start({ host: "127.0.0.1", port: proxied.port, kafka: true });
  const { kafka: server, ...options } = scenario.pipeline ?? {};
  const pipeline = await EmbeddedPipeline.start({
    ...options,
    kafka: { ...server, proxied: { ...proxied, advertisedPort: kafkaLink.port } },
  });
  const store = await FaultProxy.start(Number(new URL(pipeline.engine.url).port));
  const storeLink = await FaultLink.start({ host: "127.0.0.1", port: Number(new URL(store.endpoint).port) });
  const config = loadConfig(z.object(kafkaConfigShape), { KAFKA_BROKERS: pipeline.broker.brokers });
  const kafka = createKafkaClient(config, createLogger({ name: "chaos", level: "silent" }));
  const admin = kafka.admin();
  await admin.connect();
  return new Context({ pipeline, kafkaLink, storeLink, store, kafka, admin }, seed);
}

type Parts = {
  pipeline: EmbeddedPipeline;
  kafkaLink: FaultLink;
  storeLink: FaultLink;
  store: FaultProxy;
  kafka: Kafka;
  admin: Admin;
};

class Context implements ChaosRun {
  readonly pipeline: EmbeddedPipeline;
  readonly kafkaLink: FaultLink;
  readonly storeLink: FaultLink;
  readonly store: FaultProxy;
  readonly admin: Admin;
  readonly random: Random;
  readonly linked: Readonly<Record<string, string>>;
  readonly faults = new FaultList();
  readonly sent = new Set<string>();
  recoveryS: number | undefined;
  readonly #kafka: Kafka;
  readonly #started: Started[] = [];
  readonly #began = performance.now();

  constructor(parts: Parts, seed: string) {
    this.pipeline = parts.pipeline;
    this.kafkaLink = parts.kafkaLink;
    this.storeLink = parts.storeLink;
    this.store = parts.store;
    this.admin = parts.admin;
    this.#kafka = parts.kafka;
    this.random = new Random(seed);
    this.linked = {
      KAFKA_BROKERS: `127.0.0.1:${this.kafkaLink.port}`,
      CLICKHOUSE_URL: `http://127.0.0.1:${this.storeLink.port}`,
    };
  }

  startConsumer(env: Readonly<Record<string, string>> = {}): RunningWorker {
    // Shorter than in production, so that what waits for these limits takes seconds.
    const limits = {
      KAFKA_SESSION_TIMEOUT_MS: "6000",
      KAFKA_REBALANCE_TIMEOUT_MS: "10000",
      CLICKHOUSE_TIMEOUT_MS: "10000",
    };
    const worker = this.pipeline.startConsumer({ ...this.linked, ...limits, ...env });
    this.#started.push({ kind: "consumer", worker, expected: false });
    return worker;
  }

  async startJoined(env: Readonly<Record<string, string>> = {}): Promise<RunningWorker> {
    const worker = this.startConsumer(env);
    await worker.waitForLog(({ json }) => json.msg === "assigned" && json.group === GROUP, { timeoutMs: MINUTE_MS });
    return worker;
  }

  async kill(worker: RunningWorker, signal: NodeJS.Signals = "SIGKILL"): Promise<number | null> {
    const started = this.#started.find((entry) => entry.worker === worker);
    if (started && signal !== "SIGSTOP" && signal !== "SIGCONT") started.expected = true;
    if (signal !== "SIGCONT") this.fault(`${signal} ${started?.kind === "load" ? "producer" : "consumer"}`);
    return worker.kill(signal);
  }

  startLoad({ rate = 1_000, seconds, duplicates = 0.05, malformed = 0.01, env = {} }: LoadOptions = {}): RunningWorker {
    const limit = seconds === undefined ? "" : `--seconds ${seconds} `;
    const load = `${limit}--rate ${rate} --seed ${this.random.uuid()}`;
    const late = "--late-share 0.1 --late-range 1-3 --drain-held now";
    const args = `simulate ${load} ${late} --duplicate-share ${duplicates} --malformed-share ${malformed}`;
    const worker = this.pipeline.startProducer(args.split(" "), { ...env });
    this.#started.push({ kind: "load", worker, expected: false, endless: seconds === undefined });
    return worker;
  }

  async produce(lines: readonly (string | Readonly<Record<string, unknown>>)[]): Promise<void> {
    const file = join(this.pipeline.dir, `${crypto.randomUUID()}.jsonl`);
    const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
    await Bun.write(file, `${text.join("\n")}\n`);
    const worker = this.pipeline.startProducer(["file", file]);
    this.#started.push({ kind: "load", worker, expected: false });
    const code = await worker.exited;
    if (code !== 0) throw new Error(`producer file ended with ${code}`);
  }

  async send(load: LoadOptions): Promise<number> {
    const deadline = performance.now() + 2 * MINUTE_MS;
    // A topic just created has no leader for a moment.
    const before = await patiently(() => fetchTopicRanges(this.admin, EVENTS_TOPIC), deadline);
    const worker = this.startLoad({ malformed: 0, ...load });
    const code = await withDeadline(worker.exited, "the producer to end");
    if (code !== 0) throw new Error(`producer simulate ended with ${code}`);
    const starts = new Map(before.map(({ partition, end }) => [partition, end]));
    const ends = await fetchTopicRanges(this.admin, EVENTS_TOPIC);
    const ranges = ends.map(({ partition, from, end }) => ({ partition, from: starts.get(partition) ?? from, end }));
    let messages = 0;
    const onMessages = (_: number, batch: readonly { value: Buffer | null }[]) => {
      messages += batch.length;
      for (const { value } of batch) this.sent.add(idOf(value));
    };
    const options = { topic: EVENTS_TOPIC, ranges, groupPrefix: "chaos", stallMs: MINUTE_MS, onMessages };
    await readTopic({ kafka: this.#kafka, admin: this.admin }, options);
    return messages;
  }

  holdInserts(table: string, which: "all" | "first" = "all"): HeldInsert {
    const ended = Promise.withResolvers<"pass" | "drop">();
    const caught = Promise.withResolvers<void>();
    let holding = false;
    this.store.inject(({ path }) => {
      if (!isInsertInto(path, table) || (which === "first" && holding)) return "pass";
      holding = true;
      caught.resolve();
      return { holdUntil: ended.promise };
    });
    const end = (how: "pass" | "drop") => {
      this.store.inject(() => "pass");
      ended.resolve(how);
    };
    return { caught: withDeadline(caught.promise, `an insert into ${table}`), end };
  }

  fault(what: string): void {
    this.faults.add(what);
    this.log(what);
  }

  async recovered(timeoutMs = 3 * MINUTE_MS): Promise<void> {
    const began = performance.now();
    await this.untilCommitted(timeoutMs);
    const seconds = (performance.now() - began) / 1000;
    this.recoveryS = Math.max(this.recoveryS ?? 0, seconds);
    this.log(`recovered in ${seconds.toFixed(1)} s`);
  }

  async untilCommitted(timeoutMs = 3 * MINUTE_MS): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    const ends = await patiently(() => fetchTopicRanges(this.admin, EVENTS_TOPIC), deadline);
    const reached = async () => {
      const committed = await patiently(() => fetchCommittedOffsets(this.admin, GROUP, EVENTS_TOPIC), deadline);
      return ends.every(({ partition, from, end }) => end === from || (committed.get(partition) ?? -1) >= end);
    };
    await waitFor(reached, { timeoutMs, intervalMs: 100, describe: "everything to be committed" });
  }

  async sleep(ms: number): Promise<void> {
    await Bun.sleep(ms);
  }

  async stored(): Promise<number> {
    return Number((await this.pipeline.one<{ n: string }>("SELECT count() AS n FROM events")).n);
  }

  async untilMoreStored(by = 1): Promise<void> {
    const deadline = performance.now() + 2 * MINUTE_MS;
    const stored = () => patiently(() => this.stored(), deadline);
    const before = await stored();
    const more = async () => (await stored()) >= before + by;
    await waitFor(more, { timeoutMs: 2 * MINUTE_MS, intervalMs: 200, describe: `${by} more events in the store` });
  }

  log(text: string): void {
    console.log(`    ${((performance.now() - this.#began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
  }

  async endLoads(): Promise<void> {
    const loads = this.#started.filter(({ kind }) => kind === "load");
    for (const { worker, endless } of loads) if (endless && worker.exitCode === null) void worker.kill("SIGTERM");
    await Promise.all(loads.map(({ worker }) => withDeadline(worker.exited, "the producer to end", 3 * MINUTE_MS)));
  }

  async settle(): Promise<string[]> {
    this.kafkaLink.heal();
    this.storeLink.heal();
    this.store.inject(() => "pass");
    if (!this.#started.some(({ kind, worker }) => kind === "consumer" && worker.exitCode === null))
      this.startConsumer();
    await this.endLoads();
    if (this.recoveryS === undefined) await this.recovered();
    return this.#started
      .filter(
        ({ kind, worker, expected }) =>
          !expected && worker.exitCode !== null && (kind === "consumer" || worker.exitCode !== 0),
      )
      .map(({ kind, worker }) => `${kind} ended by itself with exit code ${worker.exitCode}`);
  }

  logs(): string {
    return this.#started
      .map(({ kind, worker }) => {
        const tail = worker.logs.slice(-400).map(({ text }) => text);
        return [`=== ${kind} pid ${worker.pid} exit ${worker.exitCode}`, ...tail].join("\n");
      })
      .join("\n\n");
  }

  async stop(): Promise<void> {
    await this.admin.disconnect().catch(() => undefined);
    await this.pipeline.stop();
    this.store.close();
    await Promise.all([this.kafkaLink.stop(), this.storeLink.stop()]);
  }
}

function idOf(value: Buffer | null): string {
  const event: unknown = JSON.parse(value?.toString("utf8") ?? "null");
  if (typeof event === "object" && event !== null && "event_id" in event) return String(event.event_id).toLowerCase();
  throw new Error("a message of the load is no event");
}

/** Whether the path of a request to ClickHouse is an insert into this table. */
export function isInsertInto(path: string, table: string): boolean {
  return new RegExp(`INSERT[+ ]INTO[+ ]${table}\\b`).test(path);
}

/** @throws {Error} when it takes longer than two minutes, or `timeoutMs`. */
export async function withDeadline<T>(work: Promise<T>, what: string, timeoutMs = 2 * MINUTE_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out after ${timeoutMs / 1000} s waiting for ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
