import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClickHouse, createClickHouse, type Settings } from "../../../workers/shared/clickhouse/client.ts";
import { createDatabase, migrate } from "../../../workers/shared/clickhouse/migrate.ts";
import { testClickHouseConfig } from "../database.ts";
import { Engine } from "../engine/engine.ts";
import { freePort } from "../process/ports.ts";
import { serverEnv } from "./server-env.ts";
import { type RoleSetup, rolesOf, shippedUsers, userOf, writeUsersConfig } from "./users-config.ts";

/** How the processes of one store differ from the usual. */
export type RoleOptions = Omit<RoleSetup, "role"> & {
  /** Time zone of the server; default UTC. */
  readonly timeZone?: string;
};

/** An own database, or a password other than a random one. */
export type StoreOptions = RoleOptions & { readonly database?: string; readonly password?: string };

/**
 * One store that is opened by one role after the other, each time as a process of the embedded engine with that role's
 * grants, profile and quota from the shipped users file. Who reaches it over HTTP logs in with the role's own name.
 */
export class RoleStore {
  #engine: Engine | undefined;
  #role = "";
  readonly #clients: ClickHouse[] = [];

  private constructor(
    readonly dir: string,
    readonly database: string,
    readonly port: number,
    readonly password: string,
    readonly options: RoleOptions,
  ) {}

  /** An empty store in a temporary directory; no process runs yet. */
  static async create(options: StoreOptions = {}): Promise<RoleStore> {
    const { database = "countinghouse", password = crypto.randomUUID(), ...rest } = options;
    const dir = mkdtempSync(join(tmpdir(), "countinghouse-roles-"));
    return new RoleStore(dir, database, await freePort(), password, rest);
  }

  /** Opens the store as the role that may, and brings it to the present schema; the views get that role's name. */
  async migrate(changes: RoleOptions = {}): Promise<void> {
    await this.as("migrate", changes);
    await createDatabase(this.client("default"), this.database);
    await migrate(this.client(), { owner: userOf("migrate") });
  }

  /** Closes the store and opens it as another role. `changes` hold for this process alone. */
  async as(role: string, changes: RoleOptions = {}): Promise<void> {
    await this.close();
    const given = { ...this.options, ...changes };
    const mutate = (users: string) => inDatabase(given.mutate?.(users) ?? users, this.database);
    const setup = { ...given, mutate, role };
    this.#engine = new Engine({
      dir: join(this.dir, "clickhouse"),
      port: this.port,
      user: userOf(role),
      password: this.password,
      logFile: join(this.dir, "clickhouse.log"),
      configFile: writeUsersConfig(join(this.dir, "config"), setup),
      env: { TZ: setup.timeZone ?? "UTC", ...this.#passwords() },
    });
    this.#role = role;
    await this.#engine.start();
  }

  /** The CLICKHOUSE_* variables for a worker of the running role. */
  get env(): Record<string, string> {
    return {
      CLICKHOUSE_URL: `http://127.0.0.1:${this.port}`,
      CLICKHOUSE_USER: userOf(this.#role),
      CLICKHOUSE_PASSWORD: this.password,
      CLICKHOUSE_DATABASE: this.database,
    };
  }

  /** A client that is logged in as the running role; closed with the process. */
  client(database = this.database, options: { settings?: Settings } = {}): ClickHouse {
    const address = { url: `http://127.0.0.1:${this.port}`, user: userOf(this.#role), password: this.password };
    const client = createClickHouse(testClickHouseConfig(address, database), options);
    this.#clients.push(client);
    return client;
  }

  /** Ends the running process; the data stays. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#clients.splice(0).map((client) => client.close()));
    await this.#engine?.stop();
    this.#engine = undefined;
  }

  /** Ends the running process and removes the data. */
  async remove(): Promise<void> {
    await Promise.allSettled(this.#clients.splice(0).map((client) => client.close()));
    await this.#engine?.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /**
   * What the StatefulSet passes: values of Secrets that end with an editor's line break, as the script in front of the
   * server leaves them. The engine reads the file's `from_env` with it, as XML; logins are checked by the front before the
   * engine, against {@link password}.
   */
  #passwords(): Record<string, string> {
    const variables = rolesOf(shippedUsers()).map((role) => `CLICKHOUSE_${role.toUpperCase()}_PASSWORD`);
    return serverEnv(Object.fromEntries(variables.map((name) => [name, `${this.password}\n`])));
  }
}

/** The users' grants on a database of another name. */
function inDatabase(users: string, database: string): string {
  return users.replaceAll("ON countinghouse.", `ON \`${database}\`.`);
}
