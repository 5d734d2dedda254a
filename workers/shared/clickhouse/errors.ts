import { ClickHouseError as ServerError } from "@clickhouse/client";
import { AppError } from "../runtime/errors.ts";
import { type TlsFailure, tlsFailure } from "../runtime/tls-errors.ts";

/**
 * Server codes that pass by themselves or by an operator's hand without the request being changed.
 * Names as in ClickHouse's ErrorCodes.
 */
const TRANSIENT_CODES: ReadonlySet<number> = new Set([
  3, // UNEXPECTED_END_OF_FILE: a request body cut off by the network
  159, // TIMEOUT_EXCEEDED
  160, // TOO_SLOW
  164, // READONLY
  173, // CANNOT_ALLOCATE_MEMORY
  198, // DNS_ERROR
  201, // QUOTA_EXCEEDED: until its interval ends
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  203, // NO_FREE_CONNECTION
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  225, // NO_ZOOKEEPER
  236, // ABORTED: the server is shutting down
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS (inserts never span 100 partitions, so it is never the other meaning of 252)
  279, // ALL_CONNECTION_TRIES_FAILED
  285, // TOO_FEW_LIVE_REPLICAS
  286, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
  319, // UNKNOWN_STATUS_OF_INSERT
  394, // QUERY_WAS_CANCELLED
  425, // SYSTEM_ERROR
  439, // CANNOT_SCHEDULE_TASK
  473, // DEADLOCK_AVOIDED
  999, // KEEPER_EXCEPTION
]);

/**
 * Codes by which the server refuses the *value* of a row: only these justify looking for the bad row by bisecting.
 * Everything else (a dropped column, a revoked user, a full disk) would drain the whole stream into dead letters.
 */
export const ROW_VALUE_CODES: ReadonlySet<number> = new Set([
  469, // VIOLATED_CONSTRAINT
]);

/**
 * Codes by which the server cannot convert a value to its column. Rows are sent in the schema's own types, so that it is
 * the column that has changed: however many rows still fit, no event is to blame.
 */
const CONVERSION_CODES: readonly number[] = [
  6, // CANNOT_PARSE_TEXT
  26, // CANNOT_PARSE_QUOTED_STRING
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  38, // CANNOT_PARSE_DATE
  41, // CANNOT_PARSE_DATETIME
  53, // TYPE_MISMATCH
  69, // ARGUMENT_OUT_OF_BOUND
  70, // CANNOT_CONVERT_TYPE
  72, // CANNOT_PARSE_NUMBER
  117, // INCORRECT_DATA
  131, // TOO_LARGE_STRING_SIZE
  321, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  349, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  376, // CANNOT_PARSE_UUID
  407, // DECIMAL_OVERFLOW
  691, // UNKNOWN_ELEMENT_OF_ENUM
];

type ClickHouseErrorOptions = { retry: boolean; serverCode?: number; cause?: unknown; next?: string | undefined };

/** A request that ClickHouse refused, or that got no answer. `serverCode` is the server's numeric code, if it spoke. */
export class ClickHouseError extends AppError {
  readonly serverCode: number | undefined;

  constructor(code: string, message: string, options: ClickHouseErrorOptions) {
    super(code, message, options);
    this.name = "ClickHouseError";
    this.serverCode = options.serverCode;
  }
}

/** Server codes by which it refuses the login: unknown user, wrong password (older servers), and either of them. */
const LOGIN_CODES: ReadonlySet<number | undefined> = new Set([192, 193, 194, 516]);

/** True when the server refused user or password. */
export function isLoginError(error: unknown): error is ClickHouseError {
  return error instanceof ClickHouseError && LOGIN_CODES.has(error.serverCode);
}

/** True when the server refused the value of some row of an insert. */
export function isRowValueError(error: unknown): error is ClickHouseError {
  return error instanceof ClickHouseError && error.serverCode !== undefined && ROW_VALUE_CODES.has(error.serverCode);
}

/** The server's numeric code found in one of our errors, for metric labels: `252`, or `none` if it never answered. */
export function serverCodeLabel(error: unknown): string {
  return error instanceof ClickHouseError && error.serverCode !== undefined ? String(error.serverCode) : "none";
}

const LOGIN_ADVICE = "check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD (or CLICKHOUSE_PASSWORD_FILE)";

const CONVERSION_ADVICE =
  "a column is not of the schema's type any more: compare SHOW CREATE TABLE with workers/shared/clickhouse/schema and " +
  "bring it back (ALTER TABLE … MODIFY COLUMN); storing goes on by itself then";

const SERVER_ADVICE: Readonly<Record<number, string>> = {
  ...Object.fromEntries(CONVERSION_CODES.map((code) => [code, CONVERSION_ADVICE])),
  ...Object.fromEntries([...LOGIN_CODES].map((code) => [code, LOGIN_ADVICE])),
  // A view's owner who is gone is refused as a login is.
  192: `if the message names the user of CLICKHOUSE_USER, ${LOGIN_ADVICE}; if another, it owned our views: run \`ops migrate\``,
  164: "give the user of CLICKHOUSE_USER a profile with `readonly` 0, or 2 if it only reads: queries send the settings they rely on",
  201: "wait for the end of the interval; if it goes on, raise the quota of this user in k8s/clickhouse/users.d",
  452: "let the profile of CLICKHOUSE_USER change the setting that the message names: remove its constraint",
  497:
    "where the message speaks of pushing to a view, run `ops migrate`, which sets the owners of all views; else, or if that " +
    "does not help, grant the user it begins with what it names (k8s/clickhouse/users.d has the rights of each)",
};

const TLS_ADVICE: Readonly<Record<TlsFailure, string>> = {
  expired: "renew ClickHouse's certificate, or correct the clock of this machine",
  untrusted: "set CLICKHOUSE_CA_FILE to the certificate of the CA that signed ClickHouse's",
  host_mismatch: "name ClickHouse in CLICKHOUSE_URL as its certificate does, or issue it for this name",
  no_tls: "this port speaks no TLS: use the TLS port in CLICKHOUSE_URL, or http:// instead of https://",
};

const RESET_ADVICE = "if this goes on, the port may expect TLS: use https:// in CLICKHOUSE_URL";

/**
 * Converts what the client throws. A server's refusal becomes `CLICKHOUSE_<code>`; a certificate or port that does not
 * fit becomes `CLICKHOUSE_TLS_…` with retry false; anything else the client's transport raises (refused, reset, timed
 * out, half an answer) becomes `CLICKHOUSE_UNREACHABLE` with retry true.
 * Programming errors (TypeError, RangeError, …) are returned as they are: they must crash, not loop.
 */
export function toClickHouseError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (error instanceof ServerError) {
    const serverCode = Number(error.code);
    return new ClickHouseError(`CLICKHOUSE_${serverCode}`, `${error.message.trim()} (${error.type ?? "?"})`, {
      retry: TRANSIENT_CODES.has(serverCode),
      serverCode,
      next: SERVER_ADVICE[serverCode],
      cause: error,
    });
  }
  if (error instanceof Error && error.constructor === Error) {
    const code = "code" in error ? error.code : undefined;
    const tls = tlsFailure(code);
    if (tls !== undefined) {
      const options = { retry: false, next: TLS_ADVICE[tls], cause: error };
      return new ClickHouseError(`CLICKHOUSE_TLS_${tls.toUpperCase()}`, error.message, options);
    }
    if (isPage(error.message)) return notClickHouse(error);
    const next = code === "ECONNRESET" ? RESET_ADVICE : undefined;
    return new ClickHouseError("CLICKHOUSE_UNREACHABLE", error.message, { retry: true, cause: error, next });
  }
  return error;
}

/** What no answer of ClickHouse looks like: a page of another program, or of a proxy before it. */
function isPage(text: string): boolean {
  return /^\s*(<!doctype|<html|<\?xml|<)/i.test(text) || text.includes("</html>");
}

/** The error for an address at which something else answers; only the page's title is repeated. */
export function notClickHouse(cause: Error): ClickHouseError {
  const title = /<title[^>]*>\s*([^<]{1,80}?)\s*<\/title>/i.exec(cause.message)?.[1];
  const found = title === undefined ? "something else" : `a web page ("${title.replaceAll(/\s+/g, " ")}")`;
  return new ClickHouseError("CLICKHOUSE_NOT_CLICKHOUSE", `${found} answers there, not ClickHouse`, {
    // A proxy says the same while ClickHouse restarts behind it.
    retry: true,
    cause,
    next: "set CLICKHOUSE_URL to the HTTP port of ClickHouse (8123 or 8443 by default)",
  });
}
