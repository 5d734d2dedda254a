import {
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSSASLAuthenticationError,
} from "kafkajs";
import { AppError } from "../runtime/errors.ts";
import { type TlsFailure, tlsFailure } from "../runtime/tls-errors.ts";

/**
 * A failure of the Kafka client as an AppError: `code` is `KAFKA_<TYPE>` from the protocol's error name (for example
 * `KAFKA_REBALANCE_IN_PROGRESS`), `KAFKA_TLS_…` for a certificate or port that does not fit, or the client's error class;
 * `retry` is the client's own judgement. Refusals that only a person can fix have `next`.
 * Anything that is not a Kafka client error is returned as it is: an unknown exception must crash.
 */
export function toKafkaError(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof KafkaJSError)) return error;
  // The client wraps the error after which it gave up; one that no retry would fix in one of the bare class.
  const isWrapper = error instanceof KafkaJSNumberOfRetriesExceeded || error.constructor === KafkaJSNonRetriableError;
  const inner = isWrapper && error.cause instanceof KafkaJSError ? error.cause : error;
  const message = inner instanceof KafkaJSConnectionError ? `${inner.message} (${inner.broker})` : inner.message;
  const tls = tlsFailure(socketCode(inner));
  if (tls !== undefined) {
    return new AppError(`KAFKA_TLS_${tls.toUpperCase()}`, message, {
      retry: false,
      next: TLS_ADVICE[tls],
      cause: error,
    });
  }
  const type = typeOf(inner);
  const range = batchRangeOf(inner);
  if (range !== undefined) return new UnreadableBatchError(`KAFKA_${type}`, message, range, error);
  return new AppError(`KAFKA_${type}`, message, {
    // Running out of retries says the cause lasted long, not that it is permanent.
    retry: inner.retriable || error instanceof KafkaJSNumberOfRetriesExceeded || TRANSIENT.has(type),
    next: ADVICE[type],
    cause: error,
  });
}

/** The client gives up after these, but it is the brokers' state that causes them: a restart, an election. */
const TRANSIENT: ReadonlySet<string> = new Set(["GROUP_COORDINATOR_NOT_FOUND", "TIMEOUT", "LOCK_TIMEOUT"]);
/** The topic's own bytes cannot be read, whoever reads them and however often. */
const UNREADABLE: ReadonlySet<string> = new Set(["KAFKA_CORRUPT_BATCH", "KAFKA_UNSUPPORTED_MAGIC_BYTE_IN_MESSAGE_SET"]);

/** What the brokers answer while they choose a group's coordinator, move it, or it reads what it has to know. */
const COORDINATOR_MOVES: ReadonlySet<string> = new Set([
  "KAFKA_NOT_COORDINATOR_FOR_GROUP",
  "KAFKA_GROUP_COORDINATOR_NOT_AVAILABLE",
  "KAFKA_GROUP_COORDINATOR_NOT_FOUND",
  "KAFKA_GROUP_LOAD_IN_PROGRESS",
]);

/** Whether a group's offsets could not be had because its coordinator is not settled: asked again, it mostly is. */
export function isCoordinatorMoving(error: unknown): error is AppError {
  return error instanceof AppError && COORDINATOR_MOVES.has(error.code);
}

/** Where an unreadable record batch lies, both offsets included. */
export type BatchRange = { partition: number; from: number; to: number };

/** A record batch that nobody can read, and where it lies. */
export class UnreadableBatchError extends AppError {
  constructor(
    code: string,
    detail: string,
    readonly range: BatchRange,
    cause: unknown,
  ) {
    const { partition, from, to } = range;
    super(code, `partition ${partition}, offsets ${from} to ${to}: ${detail}`, { retry: false, cause });
    this.name = "UnreadableBatchError";
  }
}

/** What the patched client notes on the error of a record batch. */
function batchRangeOf(error: KafkaJSError): BatchRange | undefined {
  const range: unknown = "batchRange" in error ? error.batchRange : undefined;
  if (typeof range !== "object" || range === null) return undefined;
  if (!("partition" in range && "from" in range && "to" in range)) return undefined;
  const { partition, from, to } = range;
  if (typeof partition !== "number" || typeof from !== "number" || typeof to !== "number") return undefined;
  return { partition, from, to };
}

/** Whether what lies in the topic is the cause, so that reading it again cannot help. */
export function isUnreadable(error: AppError): boolean {
  return UNREADABLE.has(error.code);
}

/** The programming error inside what the client threw, which it wraps like anything else; undefined: there is none. */
export function bugInside(thrown: unknown): unknown {
  if (!(thrown instanceof KafkaJSError)) return thrown instanceof AppError ? undefined : thrown;
  const { cause } = thrown;
  return cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError
    ? cause
    : undefined;
}

const CLOSED_ADVICE =
  "if this goes on, the port expects something else: TLS (KAFKA_SSL=true), none (KAFKA_SSL=false), or a login (KAFKA_SASL_MECHANISM)";
const GRANT = "give the user of KAFKA_SASL_USERNAME";
const MOVES_ADVICE = "the brokers are choosing the group's coordinator: run the command again in a moment";

const TLS_ADVICE: Readonly<Record<TlsFailure, string>> = {
  expired: "renew the brokers' certificate, or correct the clock of this machine",
  untrusted: "set KAFKA_SSL_CA_FILE to the certificate of the CA that signed the brokers'",
  host_mismatch: "name the brokers in KAFKA_BROKERS as their certificate does, or issue it for these names",
  no_tls: "this port speaks no TLS: use the brokers' TLS port in KAFKA_BROKERS, or set KAFKA_SSL=false",
};

const ADVICE: Readonly<Record<string, string>> = {
  AUTHENTICATION_FAILED: "check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD (or its _FILE) and KAFKA_SASL_MECHANISM",
  UNSUPPORTED_SASL_MECHANISM: "set KAFKA_SASL_MECHANISM to one that this port of the brokers offers",
  ILLEGAL_SASL_STATE: "this port takes no login: use the one that does in KAFKA_BROKERS, or unset KAFKA_SASL_MECHANISM",
  TOPIC_AUTHORIZATION_FAILED: `${GRANT} the operation on the topic: docs/kubernetes.md lists the rights of each worker`,
  // The client says the same of a group it may not use and of brokers that are about to choose a coordinator.
  GROUP_COORDINATOR_NOT_FOUND: `if this goes on, ${GRANT} Read on the group (KAFKA_GROUP_ID, KAFKA_LEDGER_GROUP_ID)`,
  NOT_COORDINATOR_FOR_GROUP: MOVES_ADVICE,
  GROUP_COORDINATOR_NOT_AVAILABLE: MOVES_ADVICE,
  GROUP_LOAD_IN_PROGRESS: MOVES_ADVICE,
  GROUP_AUTHORIZATION_FAILED: `${GRANT} Read on the group (KAFKA_GROUP_ID, KAFKA_LEDGER_GROUP_ID)`,
  // Of a producer: the brokers let whoever may write to some topic have a producer id.
  CLUSTER_AUTHORIZATION_FAILED: `${GRANT} Write on the topic (a producer), or the operation on the cluster`,
  CONNECTION_CLOSED_ERROR: CLOSED_ADVICE,
  CORRUPT_BATCH: "nothing of it can be read: `ops skip` accounts for its offsets and moves the group beyond them",
  CONNECTION_RESET: CLOSED_ADVICE,
};

function typeOf(error: KafkaJSError): string {
  if (error instanceof KafkaJSSASLAuthenticationError) return "AUTHENTICATION_FAILED";
  if ("type" in error && typeof error.type === "string") return error.type;
  return socketCode(error) === "ECONNRESET" ? "CONNECTION_RESET" : screaming(error.name);
}

/** The runtime's code of a failed connection, which the client's types leave out. */
function socketCode(error: KafkaJSError): unknown {
  return error instanceof KafkaJSConnectionError && "code" in error ? error.code : undefined;
}

/** `KafkaJSConnectionError` → `CONNECTION_ERROR`. */
function screaming(name: string): string {
  return name
    .replace(/^KafkaJS/, "")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toUpperCase();
}

/** Runs a client call and converts its failure with {@link toKafkaError}. */
export async function kafkaCall<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toKafkaError(error);
  }
}
