import { AppError } from "../runtime/errors.ts";
import { someoneListens } from "../runtime/someone-listens.ts";
import type { ClickHouse } from "./client.ts";
import type { ClickHouseConfig } from "./config.ts";

/** Where nobody takes a connection, that is said after this long, ms. */
const PATIENCE_MS = 3_000;
/** A server that takes connections, but is slow to answer, as on a busy machine, gets this long, ms. */
const SLOW_PATIENCE_MS = 30_000;
const UNREACHABLE = /^CLICKHOUSE_(UNREACHABLE|NOT_CLICKHOUSE|TLS_.*)$/;

/** How messages name the server. */
export const whereClickHouse = (config: Pick<ClickHouseConfig, "CLICKHOUSE_URL">) =>
  `ClickHouse at ${config.CLICKHOUSE_URL} (CLICKHOUSE_URL)`;

/**
 * Whether ClickHouse answers, found out quickly. A database that is not there yet, or a right that is missing, is an
 * answer: whoever needs it says so.
 * @param onSlow told when the port takes connections but has not answered within {@link PATIENCE_MS}.
 * @throws AppError with the client's code, naming the address and its variable.
 */
export async function assertClickHouseReachable(
  config: Pick<ClickHouseConfig, "CLICKHOUSE_URL">,
  clickhouse: Pick<ClickHouse, "query">,
  onSlow: (text: string) => void,
): Promise<void> {
  const where = whereClickHouse(config);
  const { hostname, port, protocol } = new URL(config.CLICKHOUSE_URL);
  const listens = someoneListens([`${hostname}:${port || (protocol === "https:" ? 443 : 80)}`], PATIENCE_MS);
  const giveUp = new AbortController();
  const timer = setTimeout(async () => {
    if (await listens) onSlow(`${where} takes connections but is slow to answer`);
    else giveUp.abort();
  }, PATIENCE_MS);
  try {
    const signal = AbortSignal.any([giveUp.signal, AbortSignal.timeout(SLOW_PATIENCE_MS)]);
    await clickhouse.query("SELECT 1", { signal });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (!UNREACHABLE.test(error.code)) return;
    const next = error.next ?? "start ClickHouse, or correct CLICKHOUSE_URL";
    throw new AppError(error.code, `cannot use ${where}: ${error.message}`, { retry: error.retry, next, cause: error });
  } finally {
    clearTimeout(timer);
  }
}
