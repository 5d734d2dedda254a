import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Broker } from "../testkit/broker/broker.ts";
import { Engine } from "../testkit/engine/engine.ts";
import { ManagedProcess } from "../testkit/process/managed-process.ts";
import { consoleTokenFile, type LocalSettings, logPath, pidPath, workerEnv } from "./settings.ts";

/** A port of the stack, with the variable that moves it. */
export type Port = { readonly number: number; readonly variable: string };

/** One long-running part of the stack, as the command line handles it. */
export interface Service {
  readonly name: string;
  /** All it listens on. */
  readonly ports: readonly Port[];
  /** Where to reach it, for `status`. */
  readonly address: string;
  readonly logFile: string;
  readonly pid: () => number | undefined;
  readonly start: () => Promise<number>;
  readonly stop: () => Promise<boolean>;
}

/** One of our binaries in the stack. */
export interface WorkerProcess {
  readonly name: string;
  /** Binary and arguments, relative to the repository. */
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly Port[];
  /** Answers 2xx when the worker is ready. */
  readonly readyUrl: string;
  /** Where people reach it; default: `readyUrl`. */
  readonly address?: string;
}

/** A binary that runs to its end before the workers start, as a migration does. */
export interface SetupStep {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

const ROOT = join(import.meta.dir, "../..");

/** Run in this order by `up`, after Kafka and ClickHouse and before the workers. */
export function setupSteps(_settings: LocalSettings): readonly SetupStep[] {
  return [{ name: "migrate", command: ["dist/ops", "migrate"], env: {} }];
}

/** Started in this order by `up`, stopped in the reverse one by `down`. */
export function workerProcesses(settings: LocalSettings): readonly WorkerProcess[] {
  const health = (number: number, variable: string) => ({
    env: { HEALTH_PORT: String(number) },
    ports: [{ number, variable }],
    readyUrl: `http://127.0.0.1:${number}/readyz`,
  });
  const consumer = health(settings.consumerHealthPort, "LOCAL_CONSUMER_HEALTH_PORT");
  const producer = health(settings.producerHealthPort, "LOCAL_PRODUCER_HEALTH_PORT");
  const verify = health(settings.verifyHealthPort, "LOCAL_VERIFY_HEALTH_PORT");
  return [
    { name: "consumer", command: ["dist/consumer"], ...consumer },
    {
      name: "producer",
      command: ["dist/producer", "simulate"],
      ...producer,
      env: { ...producer.env, SIM_RATE: String(settings.rate) },
    },
    {
      name: "verify",
      command: ["dist/ops", "verify", "--watch", "--interval", "30s"],
      ...verify,
      // Ready is what has proven something, which takes as long as it takes.
      readyUrl: `http://127.0.0.1:${settings.verifyHealthPort}/livez`,
    },
    ...(existsSync(join(ROOT, "dist/console")) ? [consoleProcess(settings)] : []),
  ];
}

function consoleProcess(settings: LocalSettings): WorkerProcess {
  return {
    name: "console",
    command: ["dist/console"],
    address: `http://127.0.0.1:${settings.consolePort}`,
    ports: [
      { number: settings.consolePort, variable: "LOCAL_CONSOLE_PORT" },
      { number: settings.consoleHealthPort, variable: "LOCAL_CONSOLE_HEALTH_PORT" },
    ],
    readyUrl: `http://127.0.0.1:${settings.consoleHealthPort}/readyz`,
    env: {
      HTTP_PORT: String(settings.consolePort),
      HEALTH_PORT: String(settings.consoleHealthPort),
      CONSOLE_TOKEN: readFileSync(consoleTokenFile(settings), "utf8"),
      PROMETHEUS_URL: `http://127.0.0.1:${settings.prometheusPort}`,
      ALERTMANAGER_URL: `http://127.0.0.1:${settings.alertmanagerPort}`,
    },
  };
}

/** Kafka and ClickHouse, as processes that outlive the command. */
export function infrastructure(settings: LocalSettings): readonly Service[] {
  const {
    dir,
    kafkaPort,
    kafkaMetricsPort,
    clickhousePort,
    clickhouseUser: user,
    clickhousePassword: password,
  } = settings;
  const common = (name: string) => ({
    dir: join(dir, name),
    logFile: logPath(settings, name),
    pidFile: pidPath(settings, name),
    detached: true,
  });
  const broker = new Broker({ ...common("kafka"), port: kafkaPort, metricsPort: kafkaMetricsPort });
  const engine = new Engine({ ...common("clickhouse"), port: clickhousePort, user, password });
  return [
    {
      name: "kafka",
      ports: [
        { number: kafkaPort, variable: "LOCAL_KAFKA_PORT" },
        { number: kafkaMetricsPort, variable: "LOCAL_KAFKA_METRICS_PORT" },
      ],
      address: broker.brokers,
      logFile: broker.config.logFile,
      pid: () => broker.pid,
      start: () => broker.start(),
      stop: () => broker.stop(),
    },
    {
      name: "clickhouse",
      ports: [{ number: clickhousePort, variable: "LOCAL_CLICKHOUSE_PORT" }],
      address: engine.url,
      logFile: engine.options.logFile,
      pid: () => engine.pid,
      start: () => engine.start(),
      stop: () => engine.stop(),
    },
  ];
}

/** The workers as services. */
export function workers(settings: LocalSettings): readonly Service[] {
  return workerProcesses(settings).map(({ name, command: [binary, ...args], env, ports, readyUrl, address }) => {
    const logFile = logPath(settings, name);
    const worker = new ManagedProcess({
      name,
      command: [join(ROOT, binary), ...args],
      env: { ...workerEnv(settings), ...env },
      cwd: ROOT,
      logFile,
      pidFile: pidPath(settings, name),
      detached: true,
      isReady: async () => (await fetch(readyUrl).catch(() => undefined))?.ok === true,
      readyTimeoutMs: 30_000,
      stopTimeoutMs: 35_000,
    });
    return {
      name,
      ports,
      address: address ?? readyUrl,
      logFile,
      pid: () => worker.identity?.pid,
      start: () => worker.start(),
      stop: () => worker.stop(),
    };
  });
}
