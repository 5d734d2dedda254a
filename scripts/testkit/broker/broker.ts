import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ManagedProcess, StartError } from "../process/managed-process.ts";
import { freePort } from "../process/ports.ts";
import { kafkaJars } from "./jars.ts";
import { jmxAgent } from "./jmx-agent.ts";
import { isBrokerReady } from "./probe.ts";
import { type BrokerSecurity, type ServerSettings, serverProperties } from "./server-config.ts";

/** Where a local broker lives and how it runs. */
export interface BrokerConfig {
  /** Holds `data/`, `server.properties`; kept over restarts. */
  readonly dir: string;
  /** TCP port on 127.0.0.1. */
  readonly port: number;
  /** The broker's own log; its standard output goes to `<logFile>.out`. */
  readonly logFile: string;
  readonly pidFile?: string;
  /** True: keep running after this process has ended. */
  readonly detached?: boolean;
  /** Maximum Java heap in MB; default 512. */
  readonly heapMb?: number;
  /** True: Java compiles lightly. For a broker that lives for minutes and need not be fast: half its CPU is the compiler's. */
  readonly lightlyCompiled?: boolean;
  /** Serves the broker's own metrics on this port; without one no agent is loaded. */
  readonly metricsPort?: number;
  /** Adds listeners with TLS and login, and turns rules on. */
  readonly security?: BrokerSecurity;
  /** A listener behind a proxy, and further settings of the broker. */
  readonly server?: Pick<ServerSettings, "proxied" | "properties">;
}

// Any fixed value serves: the id only keeps nodes of different clusters from talking to each other.
const CLUSTER_ID = "Y291bnRpbmdob3VzZSEhIQ";

/** A real Apache Kafka broker: one KRaft node, loopback only. */
export class Broker {
  #process: ManagedProcess | undefined;

  constructor(readonly config: BrokerConfig) {}

  /** The bootstrap list for clients. */
  get brokers(): string {
    return `127.0.0.1:${this.config.port}`;
  }

  /** Starts the broker on its (new or old) data; resolves with the ms until it answered. @throws {StartError} */
  async start(): Promise<number> {
    const began = performance.now();
    const { dir, port, heapMb = 512, logFile, metricsPort, security, server, lightlyCompiled = false } = this.config;
    const jars = await kafkaJars();
    const classpath = join(jars, "*");
    const dataDir = join(dir, "data");
    const properties = join(dir, "server.properties");
    mkdirSync(dataDir, { recursive: true });
    // The controller's port is nobody's business but the broker's own, so each start takes any free one.
    const secured = security === undefined ? {} : { security };
    const text = serverProperties({ port, controllerPort: await freePort(), dataDir, ...secured, ...server });
    writeFileSync(properties, text, { mode: 0o600 });
    if (!existsSync(join(dataDir, "meta.properties"))) await format(classpath, properties, security);
    const java = ["java", "-Xms128m", `-Xmx${heapMb}m`, "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"] as const;
    const compiler = lightlyCompiled ? ["-XX:TieredStopAtLevel=1"] : [];
    const logging = [
      `-Dkafka.log.file=${logFile}`,
      `-Dlog4j2.configurationFile=${join(import.meta.dir, "log4j2.xml")}`,
    ];
    const agent = metricsPort === undefined ? [] : [await jmxAgent(jars, join(dir, "jmx.yaml"), metricsPort)];
    const command = [...java, ...compiler, ...agent, ...logging, "-cp", classpath, "kafka.Kafka", properties] as const;
    this.#process = this.#managed(command);
    await this.#process.start();
    return performance.now() - began;
  }

  /** SIGTERM: the broker flushes, hands over and ends; true when it did so by itself. */
  async stop(): Promise<boolean> {
    return this.#current().stop();
  }

  /** SIGKILL, as a crash would. */
  async kill(): Promise<void> {
    await this.#current().kill();
  }

  /** `stop` and `start` on the same data and port; resolves with the ms until it answered again. */
  async restart(): Promise<number> {
    await this.stop();
    return this.start();
  }

  /** The pid while the broker runs. */
  get pid(): number | undefined {
    return this.#current().identity?.pid;
  }

  #current(): ManagedProcess {
    this.#process ??= this.#managed(["java"]);
    return this.#process;
  }

  #managed(command: readonly [string, ...string[]]): ManagedProcess {
    const { port, logFile, pidFile, detached } = this.config;
    return new ManagedProcess({
      name: "kafka",
      command,
      logFile: `${logFile}.out`,
      isReady: () => isBrokerReady(port),
      readyTimeoutMs: 180_000,
      stopTimeoutMs: 30_000,
      ...(pidFile === undefined ? {} : { pidFile }),
      ...(detached === undefined ? {} : { detached }),
    });
  }
}

const SCRAM_MECHANISMS = ["SCRAM-SHA-512", "SCRAM-SHA-256"] as const;

async function format(classpath: string, properties: string, security: BrokerSecurity | undefined): Promise<void> {
  const users = (security?.users ?? []).flatMap(({ name, password }) =>
    SCRAM_MECHANISMS.flatMap((mechanism) => ["--add-scram", `${mechanism}=[name=${name},password=${password}]`]),
  );
  const tool = ["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config", properties];
  await runTool(classpath, [...tool, ...users]);
}

/** Runs one of Kafka's own tools. @throws {StartError} with its output. */
async function runTool(classpath: string, args: readonly string[]): Promise<void> {
  const quick = ["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
  const run = Bun.spawn(["java", ...quick, "-cp", classpath, ...args], { stdout: "pipe", stderr: "pipe" });
  const [code, out, err] = await Promise.all([
    run.exited,
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
  ]);
  if (code !== 0) throw new StartError(`kafka: ${args[0]} failed (exit ${code})\n${out}${err}`);
}
