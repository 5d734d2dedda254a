import { stat } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import type { EngineConfig } from "./config.ts";
import { CODE, EngineError, httpStatus } from "./errors.ts";
import { Lane } from "./lane.ts";
import { renderMetrics } from "./metrics.ts";
import { type EngineRequest, parseRequest } from "./request.ts";
import type { Connection, Outcome, Sessions } from "./sessions.ts";
import { readStream, type Spool, writeStream } from "./spool.ts";
import {
  binaryRowsAt,
  MultiStatementError,
  missingParameter,
  parseStatement,
  type Statement,
  spoilsSession,
} from "./statement.ts";

/** What a handler works with. */
export interface HandlerDeps {
  readonly sessions: Sessions;
  readonly spool: Spool;
  /** Engine version for error texts. */
  readonly version: string;
}

// Separate lanes, so that slow reads never keep inserts waiting. Their sum must stay below the native thread pool
// (`THREADS`), or a statement would queue where nobody sees it.
const LANES = { insert: 8, select: 20, other: 8 } as const;
/** The size the native thread pool needs, for `UV_THREADPOOL_SIZE`. */
export const THREADS = 40;
const SMALL_RESULT_BYTES = 1024 * 1024;
/** An INSERT that shares the body with its rows must end within this. */
const MAX_HEAD_BYTES = 64 * 1024;
const latin1 = new TextDecoder("latin1");
const utf8 = new TextDecoder();

type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Answers ClickHouse HTTP requests. */
export function createHandler(config: EngineConfig, deps: HandlerDeps): (http: Request) => Promise<Response> {
  const lanes = { insert: new Lane(LANES.insert), select: new Lane(LANES.select), other: new Lane(LANES.other) };
  return async (http) => {
    const url = new URL(http.url);
    if (http.method !== "GET" && http.method !== "POST") return new Response("Method not allowed\n", { status: 405 });
    if (url.pathname === "/ping") return new Response("Ok.\n");
    if (url.pathname === "/metrics") {
      // Without a password, as a server's own metrics port; only this machine can ask.
      const text = await lanes.other.run(() =>
        deps.sessions.use({ settings: new Map(), params: new Map(), database: undefined }, false, (connection) =>
          renderMetrics((sql) => connection.run(sql, "TSVRaw")),
        ),
      );
      return new Response(text, { headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" } });
    }
    if (url.pathname !== "/") return new Response(`There is no handle ${url.pathname}\n`, { status: 404 });
    try {
      const form = await formFields(http, url.searchParams);
      const request = parseRequest(url.searchParams, http.headers);
      authenticate(request, config);
      const body = form ? undefined : decodedBody(http);
      const { text, statement, rows } = await readStatement(request, body);
      const missing = missingParameter(text, statement, request.params);
      if (missing !== undefined) {
        throw EngineError.of(
          CODE.unknownParameter,
          "UNKNOWN_QUERY_PARAMETER",
          `Substitution \`${missing}\` is not set`,
        );
      }
      return await lanes[statement.kind].run(() =>
        deps.sessions.use(request, spoilsSession(text), (connection) =>
          execute(request, statement, rows, connection, deps.spool),
        ),
      );
    } catch (error) {
      if (error instanceof EngineError) return errorResponse(error, deps.version);
      if (error instanceof MultiStatementError) {
        return errorResponse(EngineError.of(CODE.syntaxError, "SYNTAX_ERROR", error.message), deps.version);
      }
      throw error;
    }
  };
}

/** Adds the fields of a multipart form to the URL's parameters; true when there was one. */
async function formFields(http: Request, search: URLSearchParams): Promise<boolean> {
  if (!(http.headers.get("content-type") ?? "").startsWith("multipart/form-data")) return false;
  for (const [name, value] of await http.formData()) {
    search.append(name, typeof value === "string" ? value : await value.text());
  }
  return true;
}

function authenticate({ user, password }: EngineRequest, config: EngineConfig): void {
  if (user === config.user && password === config.password) return;
  const text = `${user}: Authentication failed: password is incorrect, or there is no user with such name`;
  throw EngineError.of(CODE.authenticationFailed, "AUTHENTICATION_FAILED", text);
}

function decodedBody(http: Request): ByteStream | undefined {
  const encoding = http.headers.get("content-encoding") ?? "identity";
  const body: ByteStream | null = http.body;
  if (body === null) return undefined;
  if (encoding === "identity") return body;
  if (encoding === "gzip" || encoding === "deflate") return body.pipeThrough(new DecompressionStream(encoding));
  const text = `The embedded engine does not read Content-Encoding '${encoding}'`;
  throw EngineError.of(CODE.notImplemented, "NOT_IMPLEMENTED", text);
}

/** Finds the statement in the URL or the body; what remains of the body are the rows of an INSERT. */
async function readStatement(
  request: EngineRequest,
  body: ByteStream | undefined,
): Promise<{ text: string; statement: Statement; rows: ByteStream | undefined }> {
  if (request.query !== "") {
    const statement = parseStatement(request.query, true, request.defaultFormat);
    if (statement.kind === "insert") return { text: request.query, statement, rows: body };
  }
  const bytes = body === undefined ? new Uint8Array() : await new Response(body).bytes();
  const rowsAt = request.query === "" ? binaryRowsAt(latin1.decode(bytes.subarray(0, MAX_HEAD_BYTES))) : undefined;
  if (rowsAt !== undefined) {
    const text = utf8.decode(bytes.subarray(0, rowsAt));
    const statement = parseStatement(text, true, request.defaultFormat);
    return { text, statement, rows: new Blob([bytes.subarray(rowsAt)]).stream() };
  }
  const text = request.query + utf8.decode(bytes);
  if (text.trim() === "") throw EngineError.of(CODE.syntaxError, "SYNTAX_ERROR", "Syntax error: empty query");
  return { text, statement: parseStatement(text, false, request.defaultFormat), rows: undefined };
}

async function execute(
  request: EngineRequest,
  statement: Statement,
  rows: ByteStream | undefined,
  connection: Connection,
  spool: Spool,
): Promise<Response> {
  if (statement.kind === "other") {
    const outcome = await connection.run(statement.sql, statement.format);
    return bytesResponse(request, statement, outcome, outcome.bytes);
  }
  return spool.use(async (file) => {
    if (statement.kind === "insert") {
      await writeStream(file, rows ?? new Blob([]).stream());
      return bytesResponse(request, statement, await connection.run(statement.from(file), "Null"), new Uint8Array());
    }
    const outcome = await connection.run(statement.into(file), statement.format);
    return fileResponse(request, statement, outcome, file);
  });
}

function bytesResponse(request: EngineRequest, statement: Statement, outcome: Outcome, bytes: Uint8Array): Response {
  const headers = answerHeaders(request, statement, outcome);
  return new Response(request.gzip ? gzipSync(bytes, { level: 1 }) : bytes.slice(), { headers });
}

async function fileResponse(
  request: EngineRequest,
  statement: Statement,
  outcome: Outcome,
  file: string,
): Promise<Response> {
  const { size } = await stat(file);
  if (size <= SMALL_RESULT_BYTES) return bytesResponse(request, statement, outcome, await Bun.file(file).bytes());
  const stream = await readStream(file);
  const body = request.gzip ? stream.pipeThrough(new CompressionStream("gzip")) : stream;
  return new Response(body, { headers: answerHeaders(request, statement, outcome) });
}

function answerHeaders(request: EngineRequest, statement: Statement, outcome: Outcome): Record<string, string> {
  const wrote = statement.kind === "insert" || outcome.bytes.length === 0;
  const isWrite = statement.kind === "insert" || (statement.kind === "other" && wrote);
  const [written, result] = isWrite ? [outcome, undefined] : [undefined, outcome];
  return {
    "content-type": contentType(statement.format),
    "x-clickhouse-format": statement.format,
    "x-clickhouse-query-id": request.queryId,
    "x-clickhouse-server-display-name": "countinghouse-local",
    "x-clickhouse-timezone": "UTC",
    "x-clickhouse-summary": JSON.stringify({
      read_rows: String(outcome.rows),
      read_bytes: String(outcome.rowBytes),
      written_rows: String(written?.rows ?? 0),
      written_bytes: String(written?.rowBytes ?? 0),
      total_rows_to_read: "0",
      result_rows: String(result?.rows ?? written?.rows ?? 0),
      result_bytes: String(result?.rowBytes ?? written?.rowBytes ?? 0),
      elapsed_ns: String(Math.round(outcome.elapsedMs * 1e6)),
    }),
    ...(request.gzip ? { "content-encoding": "gzip" } : {}),
  };
}

function contentType(format: string): string {
  if (/^JSON.*EachRow/.test(format)) return "application/x-ndjson; charset=UTF-8";
  if (format.startsWith("JSON")) return "application/json; charset=UTF-8";
  if (format.startsWith("CSV")) return "text/csv; charset=UTF-8; header=absent";
  if (/^(TabSeparated|TSV)/.test(format)) return "text/tab-separated-values; charset=UTF-8";
  return /^(Native|RowBinary|Parquet|Arrow|ORC|Avro)/.test(format)
    ? "application/octet-stream"
    : "text/plain; charset=UTF-8";
}

function errorResponse(error: EngineError, version: string): Response {
  return new Response(`${error.message} (version ${version} (embedded))\n`, {
    status: httpStatus(error.code),
    headers: { "x-clickhouse-exception-code": String(error.code), "content-type": "text/plain; charset=UTF-8" },
  });
}
