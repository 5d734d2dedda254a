import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Admin, createKafkaClient } from "../../workers/shared/kafka/client.ts";
import { kafkaConfigShape } from "../../workers/shared/kafka/config.ts";
import { loadConfig } from "../../workers/shared/runtime/config.ts";
import { createLogger } from "../../workers/shared/runtime/logger.ts";
import { documentedRights, type Rules } from "../cluster/documented-rights.ts";
import { aclsOf } from "../cluster/lab/operator/acls.ts";
import { Broker } from "../testkit/broker/broker.ts";
import { CertificateAuthority } from "../testkit/certificates.ts";
import { type RunningWorker, startWorker, uniqueName, useStack } from "../testkit/index.ts";
import { freePort } from "../testkit/process/ports.ts";
import { startTlsFront, type TlsFront } from "../testkit/proxies/tls-front.ts";

type Env = Readonly<Record<string, string>>;

/** What `topic` or `group` (with `*` at its end: all that begin like this) may be used for. */
export const allow = (type: "topic" | "group", name: string, ...operations: string[]): Rules[number] => ({
  operations,
  resource: { type, name: name.replace(/\*$/, ""), patternType: name.endsWith("*") ? "prefix" : "literal" },
});

/** One user per worker with the rights that the chart gives it, and one that gets its rights from the tests. */
const RIGHTS: Readonly<Record<string, Rules>> = { ...Object.fromEntries(documentedRights()), stranger: [] };

export type SecureUser = keyof typeof RIGHTS;

/**
 * Kafka with TLS, logins and rules, and ClickHouse behind TLS with a password; compiled workers are started against them
 * and everything they print is kept, to be searched for secrets.
 */
export class SecureStack {
  readonly passwords: Readonly<Record<string, string>>;
  readonly #workers: RunningWorker[] = [];

  private constructor(
    readonly dir: string,
    readonly broker: Broker,
    readonly ports: { readonly secure: number; readonly expired: number; readonly plain: number },
    readonly ca: { readonly file: string; readonly otherFile: string },
    readonly clickhouse: { front: TlsFront; expired: TlsFront; url: string; user: string; password: string },
    readonly database: string,
    readonly admin: Admin,
    users: readonly { name: string; password: string }[],
  ) {
    this.passwords = Object.fromEntries(users.map(({ name, password }) => [name, password]));
  }

  /** Starts everything and sets the rules; about 7 s. */
  static async start(): Promise<SecureStack> {
    const dir = mkdtempSync(join(tmpdir(), "countinghouse-secure-"));
    const [authority, other] = await Promise.all([
      CertificateAuthority.create(join(dir, "ca")),
      CertificateAuthority.create(join(dir, "other-ca")),
    ]);
    // By address only, so that `localhost` is a name the certificate does not have.
    const good = await authority.issue({ name: "good", hosts: ["IP:127.0.0.1"] });
    const yesterday = new Date(Date.now() - 86_400_000);
    const past = { validFrom: new Date(Date.now() - 2 * 86_400_000), validTo: yesterday };
    const expired = await authority.issue({ name: "expired", hosts: ["IP:127.0.0.1"], ...past });
    const ports = { plain: await freePort(), secure: await freePort(), expired: await freePort() };
    const users = Object.keys(RIGHTS).map((name) => ({ name, password: `secret-${crypto.randomUUID()}` }));
    const listeners = [
      { port: ports.secure, keystoreFile: good.keystoreFile },
      { port: ports.expired, keystoreFile: expired.keystoreFile },
    ];
    const logFile = join(dir, "kafka.log");
    const security = { listeners, users };
    const broker = new Broker({ dir: join(dir, "kafka"), port: ports.plain, logFile, heapMb: 384, security });
    const [{ clickhouse }] = await Promise.all([useStack(), broker.start()]);
    const engine = { host: "127.0.0.1", port: Number(new URL(clickhouse.url).port) };
    const admin = plainAdmin(ports.plain);
    await admin.connect();
    const stack = new SecureStack(
      dir,
      broker,
      ports,
      { file: authority.caFile, otherFile: other.caFile },
      { ...clickhouse, front: await startTlsFront(engine, good), expired: await startTlsFront(engine, expired) },
      uniqueName("secure"),
      admin,
      users,
    );
    for (const [user, rules] of Object.entries(RIGHTS)) await stack.grant(user, rules);
    return stack;
  }

  /** Adds rules to a user. */
  async grant(user: SecureUser, acls: Rules): Promise<void> {
    if (acls.length > 0) await this.admin.createAcls({ acl: aclsOf(user, { authorization: { acls } }) });
  }

  /** Everything a worker needs; `changes` are laid over it, an empty value takes a variable away. */
  env(user: SecureUser, changes: Env = {}): Record<string, string> {
    const env: Record<string, string> = {
      KAFKA_BROKERS: `127.0.0.1:${this.ports.secure}`,
      KAFKA_SSL: "true",
      KAFKA_SSL_CA_FILE: this.ca.file,
      KAFKA_SASL_MECHANISM: "scram-sha-512",
      KAFKA_SASL_USERNAME: user,
      KAFKA_SASL_PASSWORD: this.passwords[user] ?? "",
      CLICKHOUSE_URL: `https://127.0.0.1:${this.clickhouse.front.port}`,
      CLICKHOUSE_CA_FILE: this.ca.file,
      CLICKHOUSE_USER: this.clickhouse.user,
      CLICKHOUSE_PASSWORD: this.clickhouse.password,
      CLICKHOUSE_DATABASE: this.database,
      HEALTH_PORT: "0",
      ...changes,
    };
    return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  }

  /** Starts a compiled worker. */
  start(binary: string, args: readonly string[], env: Env): RunningWorker {
    const worker = startWorker({ binary, args, env });
    this.#workers.push(worker);
    return worker;
  }

  /** Runs one `ops` command to its end; `text` is all it printed. */
  async ops(args: readonly string[], env: Env): Promise<{ code: number; text: string }> {
    const worker = this.start("ops", args, env);
    const code = await worker.exited;
    return { code, text: worker.text };
  }

  /** A file as a mounted Secret would be. */
  secretFile(name: string, content: string): string {
    const file = join(this.dir, name);
    writeFileSync(file, `${content}\n`, { mode: 0o600 });
    return file;
  }

  /** All that every worker has printed so far. */
  output(): string {
    return this.#workers.map(({ text }) => text).join("\n");
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#workers.map((worker) => (worker.exitCode === null ? worker.kill("SIGKILL") : null)));
    const { front, expired, url, user, password } = this.clickhouse;
    const headers = { "x-clickhouse-user": user, "x-clickhouse-key": password };
    await fetch(url, { method: "POST", headers, body: `DROP DATABASE IF EXISTS ${this.database} SYNC` });
    await Promise.allSettled([front.stop(), expired.stop(), this.admin.disconnect()]);
    await this.broker.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** The plain listener's user sets the rules. */
function plainAdmin(port: number): Admin {
  const config = loadConfig(z.object(kafkaConfigShape), { KAFKA_BROKERS: `127.0.0.1:${port}` });
  return createKafkaClient(config, createLogger({ name: "admin", level: "silent" })).admin();
}
