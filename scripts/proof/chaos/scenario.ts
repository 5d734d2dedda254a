import type { Random } from "../../../workers/producer/sources/simulate/random.ts";
import type { Admin } from "../../../workers/shared/kafka/client.ts";
import type { EmbeddedPipeline, PipelineOptions } from "../../testkit/embedded-pipeline.ts";
import type { FaultProxy } from "../../testkit/proxies/fault-proxy.ts";
import type { RunningWorker } from "../../testkit/worker.ts";
import type { FaultLink } from "./fault-link.ts";

/** One class of faults, run on a pipeline of its own. */
export type Scenario = {
  /** Unique, `family: what`; ONLY= selects by a part of it. */
  readonly name: string;
  /** What is done, for the report. */
  readonly faults: string;
  /**
   * - `exact` (default): nothing lost, nothing counted twice
   * - `loss_reported`: the topic itself loses messages; verify must report exactly the events that the runner sent with
   *   {@link ChaosContext.send} (and with nothing else) and that are not stored
   */
  readonly expect?: "exact" | "loss_reported";
  /** Part of the short selection of `make chaos-ci`. */
  readonly ci?: boolean;
  /** Settings of broker and engine. */
  readonly pipeline?: PipelineOptions;
  /** Why it cannot run on this machine; undefined: it can. */
  unavailable?(): string | undefined;
  /**
   * Injects the faults. When it returns, loads may still run: the runner heals all links, ends the loads, and asks the
   * oracle. @throws {Error} when something other than the counts is wrong.
   */
  run(context: ChaosContext): Promise<void>;
};

/** How much a load sends. Late events, duplicates and malformed messages are always among them. */
export type LoadOptions = {
  /** Mean messages per second; default 1000. */
  readonly rate?: number;
  /** How long; default: until the scenario has run. */
  readonly seconds?: number;
  /** Share of events sent twice; default 0.05. */
  readonly duplicates?: number;
  /** Share of messages that are no events; default 0.01. */
  readonly malformed?: number;
  readonly env?: Readonly<Record<string, string>>;
};

/** A request to ClickHouse that is kept from it. */
export type HeldInsert = {
  /** Resolves once an insert is held. */
  readonly caught: Promise<void>;
  /** Ends the hold: what was held reaches ClickHouse, or never does. */
  end(how: "pass" | "drop"): void;
};

/** What a scenario works with. */
export type ChaosContext = {
  readonly pipeline: EmbeddedPipeline;
  /** Between workers and Kafka: cuts, loss, latency, and requests held one by one. */
  readonly kafkaLink: FaultLink;
  /** Between workers and ClickHouse: cuts, loss, latency. */
  readonly storeLink: FaultLink;
  /** Behind `storeLink`: single HTTP requests to ClickHouse go wrong as told by `inject`. */
  readonly store: FaultProxy;
  /** Direct, around the links. */
  readonly admin: Admin;
  readonly random: Random;
  /** Environment that sends a worker's traffic through the links. */
  readonly linked: Readonly<Record<string, string>>;

  /** Starts a consumer behind the links. Its end counts as a crash unless the scenario ends it with `kill`. */
  startConsumer(env?: Readonly<Record<string, string>>): RunningWorker;
  /** Starts a consumer and waits until it has joined its group (it may have no partitions). */
  startJoined(env?: Readonly<Record<string, string>>): Promise<RunningWorker>;
  /** Sends a signal to any worker, and records it as a fault when it is not SIGCONT. */
  kill(worker: RunningWorker, signal?: NodeJS.Signals): Promise<number | null>;
  /** Starts a simulated load, straight to the broker; it must end with exit code 0 unless the scenario kills it. */
  startLoad(options?: LoadOptions): RunningWorker;
  /** Has the loads end (they send what they have, and close their ledgers), and waits for that. The runner does it, too. */
  endLoads(): Promise<void>;
  /**
   * Sends a load to its end while nobody else sends, and keeps the list of its events for {@link Scenario.expect}:
   * the runner reads back at once what the broker took. Returns the number of messages.
   */
  send(load: LoadOptions & { seconds: number }): Promise<number>;
  /** Sends these lines with `producer file`; no ledger counts them, only the audit proves them. */
  produce(lines: readonly (string | Readonly<Record<string, unknown>>)[]): Promise<void>;
  /** Holds inserts into a table of ClickHouse from now on: all of them, or only the first. */
  holdInserts(table: string, which?: "all" | "first"): HeldInsert;

  /** Records a fault for the report. */
  fault(what: string): void;
  /** The faults are over: measures the time until everything in the topic by now is committed, and so queryable. */
  recovered(timeoutMs?: number): Promise<void>;
  /** Waits until everything in the topic by now is committed, and so queryable. */
  untilCommitted(timeoutMs?: number): Promise<void>;
  /** Waits; for faults that need time. */
  sleep(ms: number): Promise<void>;
  /** Number of deduplicated events in the store. */
  stored(): Promise<number>;
  /** Waits until more events are stored than now. */
  untilMoreStored(by?: number): Promise<void>;
  /** One line for whoever watches. */
  log(text: string): void;
};
