import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ManagedProcess } from "../testkit/process/managed-process.ts";

const CONFIG = join(import.meta.dir, "../../observability/alertmanager/alertmanager.yaml");
/** Debian's name for the program, and the one it has elsewhere. */
const PROGRAMS = ["prometheus-alertmanager", "alertmanager"] as const;

const configSchema = z.looseObject({
  receivers: z
    .array(z.looseObject({ webhook_configs: z.array(z.looseObject({ url: z.string() })).length(1) }))
    .length(1),
});

/** Where an Alertmanager lives and whom it tells. */
export interface AlertmanagerOptions {
  /** Holds its configuration and state; kept over restarts. */
  readonly dir: string;
  /** TCP port on 127.0.0.1. */
  readonly port: number;
  /** Address that notifications are posted to, and the file with the token it asks for. */
  readonly webhook: { readonly url: string; readonly tokenFile: string };
  readonly logFile: string;
  readonly pidFile?: string;
  readonly detached?: boolean;
}

/** The installed Alertmanager; undefined when there is none. */
export function findAlertmanager(): string | undefined {
  return PROGRAMS.map((name) => Bun.which(name)).find((path) => path !== null) ?? undefined;
}

/** The committed configuration with this address and token. */
export async function alertmanagerConfig(webhook: AlertmanagerOptions["webhook"]): Promise<string> {
  const config = configSchema.parse(Bun.YAML.parse(await Bun.file(CONFIG).text()));
  for (const target of config.receivers.flatMap((receiver) => receiver.webhook_configs)) {
    target.url = webhook.url;
    target.http_config = { authorization: { credentials_file: webhook.tokenFile } };
  }
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** A real Alertmanager on the loopback, without a cluster. */
export class Alertmanager {
  readonly process: ManagedProcess;

  constructor(
    readonly options: AlertmanagerOptions,
    program: string,
  ) {
    const { dir, port, logFile, pidFile, detached } = options;
    this.process = new ManagedProcess({
      name: "alertmanager",
      command: [
        program,
        `--config.file=${join(dir, "alertmanager.yaml")}`,
        `--storage.path=${join(dir, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        `--web.external-url=${this.url}`,
        "--cluster.listen-address=",
      ],
      logFile,
      isReady: async () => (await fetch(`${this.url}/-/ready`).catch(() => undefined))?.ok === true,
      readyTimeoutMs: 30_000,
      ...(pidFile === undefined ? {} : { pidFile }),
      ...(detached === undefined ? {} : { detached }),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.options.port}`;
  }

  /** Writes the configuration and starts; resolves with the ms until it answered. @throws {StartError} */
  async start(): Promise<number> {
    const { dir, webhook } = this.options;
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "alertmanager.yaml"), await alertmanagerConfig(webhook));
    return this.process.start();
  }
}
