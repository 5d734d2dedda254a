import { Readable } from "node:stream";
import { createClient } from "@clickhouse/client";
import { readCaFile } from "../runtime/tls-errors.ts";
import type { ClickHouseConfig } from "./config.ts";
import { ClickHouseError, notClickHouse, toClickHouseError } from "./errors.ts";
import { createLogin } from "./login.ts";
import type { EncodedRows } from "./tables/events-raw.ts";

/** Values of server-side query parameters (`{name:Type}` in the SQL). */
export type QueryParams = Record<string, unknown>;

/** Settings of one request. */
export type Settings = Record<string, string | number>;

/** The seam to ClickHouse: few methods, errors already converted to {@link ClickHouseError}. */
export type ClickHouse = {
  /**
   * Rows of a SELECT as objects (JSONEachRow). 64-bit integers and decimals arrive as strings. With `paramsInBody` the
   * parameters travel in the request's body instead of its address, which servers and proxies write to their logs.
   */
  query<Row>(
    sql: string,
    options?: { params?: QueryParams; settings?: Settings; signal?: AbortSignal; paramsInBody?: boolean },
  ): Promise<Row[]>;
  /** The raw bytes of a SELECT in the given format, streamed: bounded memory for results of any size. */
  stream(
    sql: string,
    options: { format: string; params?: QueryParams; settings?: Settings },
  ): AsyncIterable<Uint8Array>;
  /**
   * Inserts one encoded block and resolves when the server has written it. Synchronous by settings: an asynchronous
   * insert could blame one client for another's row and acknowledge before the rows are on disk.
   */
  insert(
    table: string,
    columns: readonly string[],
    body: EncodedRows,
    options?: { settings?: Settings; signal?: AbortSignal },
  ): Promise<void>;
  /** Runs a statement that returns nothing (DDL, INSERT … SELECT, DELETE). */
  command(sql: string, options?: { params?: QueryParams; settings?: Settings }): Promise<void>;
  /** The answer to a statement that takes no FORMAT clause, such as CHECK GRANT, as the server writes it by itself. */
  text(sql: string): Promise<string>;
  /** True when the server answers. Never throws. */
  ping(): Promise<boolean>;
  close(): Promise<void>;
};

/** As CLICKHOUSE_DATABASE: requests name no database, not even `default`, which a server need not have. */
export const NO_DATABASE = "default";

/** After nobody was found at the address, a ping that is not answered this fast means that nobody is there yet, ms. */
const PING_TIMEOUT_MS = 3_000;

/**
 * Sent with every request: what our SQL means, and how its results are written, must not depend on what the profile of the
 * user has. A user who may not change one of them is refused (452, or 164 with `readonly = 1`) where it differs.
 */
export const RELIED_ON: Settings = {
  join_use_nulls: 0,
  final: 0,
  transform_null_in: 0,
  prefer_column_name_to_alias: 0,
  aggregate_functions_null_for_empty: 0,
  data_type_default_nullable: 0,
  // What cuts a result, or what a view inserts, without an error: the console's and the audit's totals would be too small.
  limit: 0,
  offset: 0,
  additional_result_filter: "",
  result_overflow_mode: "throw",
  read_overflow_mode: "throw",
  group_by_overflow_mode: "throw",
  sort_overflow_mode: "throw",
  distinct_overflow_mode: "throw",
  join_overflow_mode: "throw",
  set_overflow_mode: "throw",
  timeout_overflow_mode: "throw",
  session_timezone: "UTC",
  date_time_output_format: "simple",
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
};

/** Sent with what writes besides inserts of rows. */
const WRITE_SETTINGS: Settings = {
  // A block that equals an earlier one is a redelivery, or a retry whose views have not all run: both must be written.
  // In engine 26.7 the second setting overrides the first.
  insert_deduplicate: 0,
  deduplicate_insert: "disable",
  // Rows whose mark was not written would never be shown: the insert has to fail, and is repeated.
  materialized_views_ignore_errors: 0,
};

/** What every insert of rows sends. */
export const INSERT_SETTINGS: Settings = {
  ...WRITE_SETTINGS,
  async_insert: 0,
  // The answer waits for the end of the insert, so its status line tells the outcome.
  wait_end_of_query: 1,
  // Copies within one insert are left to merges and FINAL: looking for them in every block cost 0.45 of 1.9 CPU-µs a row.
  optimize_on_insert: 0,
};

/**
 * With its length announced and in chunks of this size, a body is sent as fast as the server takes it. Chunked encoding, or
 * larger chunks, made the runtime hold the body three times and cost twice the CPU (14 MB: 50 instead of 15 MiB, 19 instead
 * of 9 ms).
 */
const CHUNK_BYTES = 262_144;

function* chunks(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) yield piece.subarray(at, at + CHUNK_BYTES);
  }
}

const byteLength = (pieces: readonly Uint8Array[]) => pieces.reduce((sum, { length }) => sum + length, 0);

/**
 * Connects lazily; the database need not exist until the first request.
 * @param options.settings sent with every request; none of them shows what the user's profile has by itself.
 */
export function createClickHouse(config: ClickHouseConfig, options: { settings?: Settings } = {}): ClickHouse {
  const login = createLogin(config);
  const caFile = config.CLICKHOUSE_CA_FILE;
  const client = createClient({
    url: config.CLICKHOUSE_URL,
    username: config.CLICKHOUSE_USER,
    password: config.CLICKHOUSE_PASSWORD,
    ...(caFile === undefined ? {} : { tls: { ca_cert: Buffer.from(readCaFile(caFile)) } }),
    database: config.CLICKHOUSE_DATABASE,
    request_timeout: config.CLICKHOUSE_TIMEOUT_MS,
    compression: { request: false, response: false },
    keep_alive: { enabled: true, idle_socket_ttl: 2_000 },
    max_open_connections: 10,
    clickhouse_settings: options.settings ?? RELIED_ON,
    // Errors are logged by whoever handles them.
    log: { level: 127 as never },
  });

  // Once nobody was found, a short question goes first, so that the next request does not spend its long limit on an
  // address that is about to change hands.
  let doubtful = false;
  const askFirst = async () => {
    const answer = await client.ping({ select: false, abort_signal: AbortSignal.timeout(PING_TIMEOUT_MS) });
    if (!answer.success) throw answer.error;
  };
  // The client's own limit does not cover connecting: a server that vanished with its machine answers nothing, not even a
  // refusal, and the kernel would keep trying for two minutes and more.
  const call = async <T>(run: (signal: AbortSignal) => Promise<T>, given?: AbortSignal): Promise<T> => {
    const deadline = AbortSignal.timeout(config.CLICKHOUSE_TIMEOUT_MS);
    try {
      if (doubtful) await askFirst();
      const signal = given ? AbortSignal.any([given, deadline]) : deadline;
      const result = await login.retried(() => run(signal));
      doubtful = false;
      return result;
    } catch (cause) {
      const failure = toClickHouseError(cause);
      doubtful = failure instanceof ClickHouseError && failure.code === "CLICKHOUSE_UNREACHABLE";
      if (!deadline.aborted || given?.aborted) throw failure;
      const message = `no answer within ${config.CLICKHOUSE_TIMEOUT_MS} ms`;
      throw new ClickHouseError("CLICKHOUSE_UNREACHABLE", message, { retry: true, cause });
    }
  };

  return {
    query: <Row>(
      sql: string,
      options: { params?: QueryParams; settings?: Settings; signal?: AbortSignal; paramsInBody?: boolean } = {},
    ) =>
      call(async (signal) => {
        const result = await client.query({
          query: sql,
          format: "JSONEachRow",
          use_multipart_params: options.paramsInBody ?? false,
          ...(options.params ? { query_params: options.params } : {}),
          ...(options.settings ? { clickhouse_settings: options.settings } : {}),
          abort_signal: signal,
          ...login.auth,
        });
        try {
          return await result.json<Row>();
        } catch (error) {
          // An answer that is not even JSON comes from another program.
          throw error instanceof SyntaxError ? notClickHouse(error) : error;
        }
      }, options.signal),

    stream: async function* (sql, options) {
      try {
        const result = await login.retried(() =>
          client.exec({
            query: `${sql} FORMAT ${options.format}`,
            ...(options.params ? { query_params: options.params } : {}),
            ...(options.settings ? { clickhouse_settings: options.settings } : {}),
            ...login.auth,
          }),
        );
        for await (const chunk of result.stream) yield chunk as unknown as Uint8Array;
      } catch (error) {
        throw toClickHouseError(error);
      }
    },

    insert: (table, columns, body, options = {}) =>
      call(async (signal) => {
        const result = await client.exec({
          query: `INSERT INTO ${table} (${columns.join(", ")}) FORMAT ${body.format}`,
          values: Readable.from(chunks(body.pieces), { objectMode: false }),
          http_headers: { "Content-Length": String(byteLength(body.pieces)) },
          clickhouse_settings: { ...INSERT_SETTINGS, ...options.settings },
          abort_signal: signal,
          ...login.auth,
        });
        for await (const _ of result.stream) {
          // An insert answers with an empty body; reading it to the end frees the connection.
        }
      }, options.signal),

    command: (sql, options = {}) =>
      call(async (signal) => {
        await client.command({
          query: sql,
          abort_signal: signal,
          ...login.auth,
          ...(options.params ? { query_params: options.params } : {}),
          clickhouse_settings: { ...WRITE_SETTINGS, ...options.settings },
        });
      }),

    text: (sql) =>
      call(async (signal) => {
        const { stream } = await client.exec({ query: sql, abort_signal: signal, ...login.auth });
        const chunks: Uint8Array[] = [];
        for await (const chunk of stream) chunks.push(chunk as unknown as Uint8Array);
        return Buffer.concat(chunks).toString().trim();
      }),

    ping: async () => {
      try {
        return (await client.ping()).success;
      } catch {
        return false;
      }
    },

    close: () => client.close(),
  };
}
