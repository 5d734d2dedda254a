import { CODE, EngineError } from "./errors.ts";
import { quote } from "./sql.ts";

/** The parts of a ClickHouse HTTP request that are not its body. */
export interface EngineRequest {
  /** Statement from the URL; empty when it is in the body. */
  readonly query: string;
  readonly database: string | undefined;
  readonly queryId: string;
  readonly defaultFormat: string;
  readonly user: string;
  readonly password: string;
  /** Server-side parameters by name, in ClickHouse's escaped text form. */
  readonly params: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
  /** True: the client asked for, and can take, a gzip answer. */
  readonly gzip: boolean;
}

// Parameters of the protocol itself; every other name in a URL is a setting.
const RESERVED = new Set(
  (
    "query database query_id default_format user password quota_key stacktrace buffer_size wait_end_of_query compress " +
    "decompress close_session session_timeout session_check client_protocol_version"
  ).split(" "),
);
const UNSUPPORTED = ["session_id", "role"];
const NAME = /^\w+$/;

/**
 * Reads URL parameters (with any form fields added) and headers.
 * @throws {EngineError} on a malformed setting name or a feature the embedded engine has not.
 */
export function parseRequest(search: URLSearchParams, headers: Headers): EngineRequest {
  const params = new Map<string, string>();
  const settings = new Map<string, string>();
  for (const [name, value] of search) {
    if (UNSUPPORTED.includes(name)) throw notSupported(name);
    if (RESERVED.has(name)) continue;
    if (!NAME.test(name)) throw EngineError.of(CODE.unknownSetting, "UNKNOWN_SETTING", `Unknown setting '${name}'`);
    if (name.startsWith("param_")) params.set(name.slice("param_".length), value);
    else settings.set(name, value);
  }
  const wantsGzip =
    settings.get("enable_http_compression") === "1" || settings.get("enable_http_compression") === "true";
  return {
    query: search.get("query") ?? "",
    database: search.get("database") ?? headers.get("x-clickhouse-database") ?? undefined,
    queryId: search.get("query_id") || crypto.randomUUID(),
    defaultFormat: search.get("default_format") ?? headers.get("x-clickhouse-format") ?? "TabSeparated",
    ...credentials(search, headers),
    params,
    settings,
    gzip: wantsGzip && /\bgzip\b/.test(headers.get("accept-encoding") ?? ""),
  };
}

/** The statement that prepares a fresh session, or undefined when there is nothing to set. */
export function setStatement(request: Pick<EngineRequest, "params" | "settings">): string | undefined {
  const parts = [
    ...[...request.settings].map(([name, value]) => `${name} = ${quote(value)}`),
    ...[...request.params].map(([name, value]) => `param_${name} = ${quote(value)}`),
  ];
  return parts.length === 0 ? undefined : `SET ${parts.join(", ")}`;
}

function credentials(search: URLSearchParams, headers: Headers): { user: string; password: string } {
  const basic = /^Basic\s+(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (basic !== undefined) {
    const text = Buffer.from(basic, "base64").toString("utf8");
    const colon = text.indexOf(":");
    return colon < 0 ? { user: text, password: "" } : { user: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  return {
    user: headers.get("x-clickhouse-user") ?? search.get("user") ?? "default",
    password: headers.get("x-clickhouse-key") ?? search.get("password") ?? "",
  };
}

function notSupported(name: string): EngineError {
  return EngineError.of(CODE.notImplemented, "NOT_IMPLEMENTED", `The embedded engine does not support '${name}'`);
}
