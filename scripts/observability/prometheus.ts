import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ManagedProcess } from "../testkit/process/managed-process.ts";

const RULES = join(import.meta.dir, "../../observability/rules/*.yaml");

/** Where a Prometheus lives and what it looks at. */
export interface PrometheusOptions {
  /** Holds its configuration and data; kept over restarts. */
  readonly dir: string;
  /** TCP port on 127.0.0.1. */
  readonly port: number;
  /** `host:port` of every job; the names are those the rules expect. */
  readonly jobs: Readonly<Record<string, string>>;
  /** `host:port` of Alertmanager; undefined: alerts are evaluated and sent nowhere. */
  readonly alertmanager?: string;
  /** Seconds between scrapes and between evaluations; default 5. */
  readonly intervalS?: number;
  readonly logFile: string;
  readonly pidFile?: string;
  readonly detached?: boolean;
}

/** The installed Prometheus; undefined when there is none. */
export function findPrometheus(): string | undefined {
  return Bun.which("prometheus") ?? undefined;
}

/** The configuration file; JSON is YAML. */
export function prometheusConfig({ jobs, alertmanager, intervalS = 5 }: PrometheusOptions): string {
  const interval = `${intervalS}s`;
  const config = {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: [RULES],
    ...(alertmanager === undefined
      ? {}
      : { alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] } }),
    scrape_configs: Object.entries(jobs).map(([job, target]) => ({
      job_name: job,
      // Alerts carry a namespace everywhere; a machine without Kubernetes has this one.
      static_configs: [{ targets: [target], labels: { namespace: "local" } }],
    })),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** A real Prometheus on the loopback with the project's own rules. */
export class Prometheus {
  readonly process: ManagedProcess;

  constructor(
    readonly options: PrometheusOptions,
    program: string,
  ) {
    const { dir, port, logFile, pidFile, detached } = options;
    this.process = new ManagedProcess({
      name: "prometheus",
      command: [
        program,
        `--config.file=${join(dir, "prometheus.yaml")}`,
        `--storage.tsdb.path=${join(dir, "data")}`,
        "--storage.tsdb.retention.time=7d",
        `--web.listen-address=127.0.0.1:${port}`,
        `--web.external-url=${this.url}`,
      ],
      logFile,
      isReady: async () => (await fetch(`${this.url}/-/ready`).catch(() => undefined))?.ok === true,
      readyTimeoutMs: 60_000,
      ...(pidFile === undefined ? {} : { pidFile }),
      ...(detached === undefined ? {} : { detached }),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.options.port}`;
  }

  /** Writes the configuration and starts; resolves with the ms until it answered. @throws {StartError} */
  async start(): Promise<number> {
    mkdirSync(this.options.dir, { recursive: true });
    writeFileSync(join(this.options.dir, "prometheus.yaml"), prometheusConfig(this.options));
    return this.process.start();
  }
}
