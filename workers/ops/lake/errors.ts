import { ClickHouseError } from "../../shared/clickhouse/errors.ts";
import { AppError } from "../../shared/runtime/errors.ts";

/** ClickHouse's number for whatever an S3 service answered or did not answer. */
const S3_ERROR = 499;
const THROW_IF = 395;
/** Codes with which a read says that the bytes are no Parquet file of ours, not that they could not be fetched. */
const UNREADABLE: ReadonlySet<number> = new Set([
  8, // THERE_IS_NO_COLUMN
  27,
  33,
  53,
  70,
  117, // parsing, CANNOT_READ_ALL_DATA, types, INCORRECT_DATA
  32, // ATTEMPT_TO_READ_AFTER_EOF
  271, // CANNOT_DECOMPRESS
  349, // NULL in a column without
  354, // INFLATE_FAILED
  636, // CANNOT_EXTRACT_TABLE_STRUCTURE
  1001,
  1002, // exceptions of the Parquet library
]);

/** The bucket refused, failed or did not answer. It may be down for a moment, or deny until somebody lets us in. */
export class LakeStorageError extends AppError {
  constructor(message: string, cause?: unknown) {
    super("LAKE_STORAGE", message, { retry: true, cause });
    this.name = "LakeStorageError";
  }
}

/** True when an hour was found to lie past the raw retention by the statement that was about to write it. */
export function isPastRetention(error: unknown): boolean {
  return error instanceof ClickHouseError && error.serverCode === THROW_IF;
}

/** True when the object itself is broken. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof ClickHouseError && error.serverCode !== undefined && UNREADABLE.has(error.serverCode);
}

/** Converts what a statement on the lake threw, and takes the secrets out of its text. */
export function toLakeError(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof ClickHouseError)) return error;
  const message = redact(error.message, secrets);
  if (error.serverCode === S3_ERROR) return new LakeStorageError(message);
  if (message === error.message) return error;
  const { code, retry, serverCode } = error;
  return new ClickHouseError(code, message, { retry, ...(serverCode === undefined ? {} : { serverCode }) });
}

/** The text with every secret replaced, also in its URL-encoded form. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .filter((secret) => secret.length > 0)
    .reduce((clean, secret) => clean.replaceAll(secret, "[secret]"), text);
}
