/**
 * An error with a stable machine-readable `code`. Callers branch on `code` and `retry`, never on message text:
 * messages are for people and may change.
 */
export class AppError extends Error {
  /** Stable identifier, e.g. `CONFIG_INVALID`, `CLICKHOUSE_252`. */
  readonly code: string;
  /** True when the same call may succeed later without anything being changed by hand. */
  readonly retry: boolean;
  /** What whoever reads the message should do, where it is known. */
  readonly next: string | undefined;

  constructor(code: string, message: string, options: { retry: boolean; cause?: unknown; next?: string | undefined }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.retry = options.retry;
    this.next = options.next;
  }
}

/** The text of anything thrown, for logs. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Fields for a structured log line: message, code, retry and advice where the error has them. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (error instanceof AppError) {
    const { message, code, retry, next } = error;
    return { error: message, code, retry, ...(next === undefined ? {} : { next }) };
  }
  if (error instanceof Error) return { error: error.message, stack: error.stack };
  return { error: String(error) };
}
