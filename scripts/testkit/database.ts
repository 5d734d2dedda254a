import { type ClickHouse, createClickHouse } from "../../workers/shared/clickhouse/client.ts";
import type { ClickHouseConfig } from "../../workers/shared/clickhouse/config.ts";
import { createDatabase, migrate } from "../../workers/shared/clickhouse/migrate.ts";
import type { ClickHouseAddress } from "./stack.ts";
import { uniqueName } from "./unique-name.ts";

/** A database of its own, migrated, in the stack's engine. */
export type TestDatabase = {
  config: ClickHouseConfig;
  clickhouse: ClickHouse;
  /** The CLICKHOUSE_* variables for a worker. */
  env: Record<string, string>;
  /** Drops the database (its views stop refreshing) and closes the client. */
  drop: () => Promise<void>;
};

/** The client configuration for a database of the test engine. */
export function testClickHouseConfig(address: ClickHouseAddress, database: string): ClickHouseConfig {
  return {
    CLICKHOUSE_URL: address.url,
    CLICKHOUSE_USER: address.user,
    CLICKHOUSE_PASSWORD: address.password,
    CLICKHOUSE_DATABASE: database,
    CLICKHOUSE_TIMEOUT_MS: 60_000,
  };
}

/** Creates a database with a unique name, and migrates it unless it shall be `empty`. */
export async function createTestDatabase(
  address: ClickHouseAddress,
  options: { empty?: boolean } = {},
): Promise<TestDatabase> {
  const config = testClickHouseConfig(address, uniqueName("test"));
  const admin = createClickHouse({ ...config, CLICKHOUSE_DATABASE: "default" });
  await createDatabase(admin, config.CLICKHOUSE_DATABASE);
  const clickhouse = createClickHouse(config);
  if (!options.empty) await migrate(clickhouse);
  return {
    config,
    clickhouse,
    env: {
      CLICKHOUSE_URL: config.CLICKHOUSE_URL,
      CLICKHOUSE_USER: config.CLICKHOUSE_USER,
      CLICKHOUSE_PASSWORD: config.CLICKHOUSE_PASSWORD,
      CLICKHOUSE_DATABASE: config.CLICKHOUSE_DATABASE,
    },
    drop: async () => {
      await clickhouse.close();
      await admin.command(`DROP DATABASE IF EXISTS ${config.CLICKHOUSE_DATABASE} SYNC`);
      await admin.close();
    },
  };
}
