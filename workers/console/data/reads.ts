import type { ClickHouse, QueryParams, Settings } from "../../shared/clickhouse/client.ts";
import { ClickHouseError, serverCodeLabel } from "../../shared/clickhouse/errors.ts";
import type { ConsoleMetrics } from "../metrics.ts";

/** Limits of every query the console sends. */
export type ReadLimits = { timeoutSeconds: number; maxRows: number };

/** Read-only access to ClickHouse: every query is limited in time and rows, and counted under its name. */
export type Reads = {
  readonly limits: ReadLimits;
  rows<Row>(name: string, sql: string, params?: QueryParams): Promise<Row[]>;
  /** Bytes of a result in a format, complete or failed: the server answers only once it has all of it. */
  download(
    name: string,
    sql: string,
    options: { format: string; params: QueryParams; settings?: Settings },
  ): AsyncIterable<Uint8Array>;
  /** The same limits for code that takes a ClickHouse client. */
  query: ClickHouse["query"];
};

export function createReads(
  clickhouse: Pick<ClickHouse, "query" | "stream">,
  limits: ReadLimits,
  metrics: ConsoleMetrics,
): Reads {
  const settings: Settings = {
    // 2: no statement may change data; settings such as these may be set.
    readonly: 2,
    max_execution_time: limits.timeoutSeconds,
    max_result_rows: limits.maxRows,
  };
  const timed = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    const end = metrics.querySeconds.startTimer({ query: name });
    try {
      return await run();
    } catch (error) {
      metrics.queryFailures.inc({ query: name, code: serverCodeLabel(error) });
      throw error;
    } finally {
      end();
    }
  };
  return {
    limits,
    rows: (name, sql, params = {}) =>
      timed(name, () => clickhouse.query(sql, { params, settings, paramsInBody: true })),
    download: async function* (name, sql, options) {
      const all = { ...settings, wait_end_of_query: 1, ...options.settings };
      const stream = clickhouse.stream(sql, { format: options.format, params: options.params, settings: all });
      const iterator = stream[Symbol.asyncIterator]();
      let next = await timed(name, () => iterator.next());
      for (; !next.done; next = await iterator.next()) yield next.value;
    },
    query: (sql, options = {}) =>
      timed("dead_letters", () =>
        clickhouse.query(sql, { ...options, settings: { ...options.settings, ...settings } }),
      ),
  };
}

/** True when a query was stopped by the console's own limits: asking for less helps. */
export function isOverLimit(error: unknown): boolean {
  // TIMEOUT_EXCEEDED, TOO_SLOW, MEMORY_LIMIT_EXCEEDED, TOO_MANY_ROWS, TOO_MANY_ROWS_OR_BYTES
  const codes = [159, 160, 241, 158, 396];
  return error instanceof ClickHouseError && codes.includes(error.serverCode ?? 0);
}
