import type { ClickHouse } from "../shared/clickhouse/client.ts";
import { type ClickHouseError, isRowValueError, serverCodeLabel } from "../shared/clickhouse/errors.ts";
import type { EncodedRows } from "../shared/clickhouse/tables/events-raw.ts";
import type { Clock } from "../shared/runtime/clock.ts";
import { AppError, errorFields } from "../shared/runtime/errors.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import { createRepeats, type Repeats } from "../shared/runtime/repeats.ts";
import { sleep } from "../shared/runtime/sleep.ts";
import { createBackoff } from "./flush/backoff.ts";
import { isolateRefusedRows, type RefusedRow, type StoreVerdict } from "./flush/bisect.ts";

/** One table to insert into. */
export type InsertTarget = { table: string; columns: readonly string[] };

/** Rows of one insert. A row may be a mere number, if that is enough to encode it and to know it again. */
export type PreparedRows<Row> = {
  readonly length: number;
  /** One row. @throws RangeError when there is none. */
  at(index: number): Row;
  /** Some of the rows, or all; valid until the rows change. */
  encode(rows?: readonly Row[]): EncodedRows;
};

/** Rows with the function that encodes them. */
export function prepareRows<Row>(
  rows: readonly Row[],
  encode: (rows: Iterable<Row>) => EncodedRows,
): PreparedRows<Row> {
  return {
    length: rows.length,
    at: (index) => {
      const row = rows[index];
      if (row === undefined) throw new RangeError(`no row ${index} of ${rows.length}`);
      return row;
    },
    encode: (some = rows) => encode(some),
  };
}

export type StoreWriterDeps = {
  clickhouse: ClickHouse;
  logger: Logger;
  clock: Clock;
  random?: () => number;
  /** Called for every failed request that is tried again. */
  onFailure?: (codeLabel: string) => void;
  /** Called for every request that stored rows, with its duration in ms. */
  onStored?: (rows: number, durationMs: number) => void;
  onBisect?: () => void;
};

/** Ends an attempt to store: rows nobody waits for any more, or a stop at the end of its grace period. */
export type GiveUp = () => boolean;

const RETRY = { minMs: 100, maxMs: 5_000 };
/** Failing for this long the store counts as stalled even if the failures look transient, ms. */
const STALL_AFTER_MS = 10_000;
/**
 * A batch of at most this many rows, all refused, may be judged by a control row. A larger one is no accident of a few
 * rows: whatever the control says, it must not drain into the dead letters.
 */
const MAX_ROWS_JUDGED_BY_CONTROL = 16;

/**
 * Inserts rows for as long as it takes. Only the refusal of a row's value is ever blamed on rows, and only while the
 * store demonstrably accepts others.
 */
export class StoreWriter {
  readonly #target: InsertTarget;
  readonly #deps: StoreWriterDeps;
  readonly #repeats: Repeats;
  readonly #failing = new Map<symbol, { since: number; hard: boolean; detail: string }>();
  /** A row the store accepted earlier: storing it again is harmless and shows whether the store accepts rows at all. */
  #knownGood: EncodedRows | undefined;

  constructor(target: InsertTarget, deps: StoreWriterDeps) {
    this.#target = target;
    this.#deps = deps;
    this.#repeats = createRepeats(deps.clock);
  }

  /** Why the store counts as stalled; undefined when it does not. */
  get stalled(): string | undefined {
    const now = this.#deps.clock.now();
    for (const { since, hard, detail } of this.#failing.values()) {
      if (hard || now - since >= STALL_AFTER_MS) return detail;
    }
    return undefined;
  }

  /**
   * Stores the rows; resolves with those the store refuses because of their values, when all others are durable.
   * Sending the same rows again after an unknown outcome is harmless: they replace themselves.
   * @throws AppError `STORE_GIVEN_UP` when `giveUp` says so; anything that is no refusal or failure of the store.
   */
  async store<Row>(rows: PreparedRows<Row>, giveUp: GiveUp): Promise<RefusedRow<Row>[]> {
    const backoff = createBackoff(RETRY, this.#deps.random);
    const call = { id: Symbol(), giveUp };
    try {
      for (;;) {
        const verdict = await this.#insert(rows, undefined, call);
        if (verdict.stored) return [];
        const refused = await this.#findRefused(rows, verdict.reason, call);
        if (refused) return refused;
        this.#noteFailure(call, true, `the store refuses every row: ${verdict.reason}`);
        this.#deps.logger.error(
          { table: this.#target.table, rows: rows.length, reason: verdict.reason },
          "the store refuses every row of a batch; nothing is set aside, trying again until it is fixed",
        );
        await this.#pause(backoff.next(), giveUp);
      }
    } finally {
      this.#failing.delete(call.id);
    }
  }

  /** The rows to blame; undefined when nothing shows that the store accepts rows at all. */
  async #findRefused<Row>(rows: PreparedRows<Row>, reason: string, call: Call) {
    this.#deps.onBisect?.();
    const all = Array.from({ length: rows.length }, (_, index) => rows.at(index));
    const result = await isolateRefusedRows(all, reason, (group) => this.#insert(rows, group, call));
    if (result.kind === "isolated") return result.refused;
    const control = this.#knownGood;
    const judgeable = result.refused.length === rows.length && rows.length <= MAX_ROWS_JUDGED_BY_CONTROL;
    if (!judgeable || control === undefined) return undefined;
    return (await this.#send(control, 1, call)).stored ? result.refused : undefined;
  }

  /** Some of the rows, or all. */
  async #insert<Row>(rows: PreparedRows<Row>, some: readonly Row[] | undefined, call: Call): Promise<StoreVerdict> {
    const verdict = await this.#send(rows.encode(some), some?.length ?? rows.length, call);
    if (verdict.stored) this.#knownGood = copyOf(rows.encode([some?.[0] ?? rows.at(0)]));
    return verdict;
  }

  /** One request, tried until the store has judged it. */
  async #send(encoded: EncodedRows, rows: number, call: Call): Promise<StoreVerdict> {
    const { clickhouse, clock } = this.#deps;
    const { table, columns } = this.#target;
    const backoff = createBackoff(RETRY, this.#deps.random);
    for (;;) {
      const began = clock.now();
      try {
        await clickhouse.insert(table, columns, encoded);
        this.#deps.onStored?.(rows, clock.now() - began);
        this.#failing.delete(call.id);
        return { stored: true };
      } catch (error) {
        if (isRowValueError(error)) return { stored: false, reason: refusalReason(error) };
        if (!(error instanceof AppError)) throw error;
        this.#reportFailure(error, rows, call);
        await this.#pause(backoff.next(), call.giveUp);
      }
    }
  }

  #reportFailure(error: AppError, rows: number, call: Call): void {
    this.#noteFailure(call, !error.retry, `${error.code}: ${error.message.slice(0, 200)}`);
    this.#deps.onFailure?.(serverCodeLabel(error));
    // Several batches fail of one cause, each of them again and again; figures in the message are no other cause.
    const repeated = this.#repeats(`${error.code} ${error.message.replaceAll(/\d+/g, "")}`);
    if (repeated === undefined) return;
    const fields = { table: this.#target.table, rows, ...errorFields(error), ...repeated };
    if (error.retry) this.#deps.logger.warn(fields, "insert failed, trying again");
    else this.#deps.logger.error(fields, "the store refuses inserts until someone fixes it; trying again");
  }

  #noteFailure(call: Call, hard: boolean, detail: string): void {
    const since = this.#failing.get(call.id)?.since ?? this.#deps.clock.now();
    this.#failing.set(call.id, { since, hard, detail });
  }

  async #pause(ms: number, giveUp: GiveUp): Promise<void> {
    const until = this.#deps.clock.now() + ms;
    for (;;) {
      if (giveUp()) throw new AppError("STORE_GIVEN_UP", "storing was given up", { retry: false });
      const left = until - this.#deps.clock.now();
      if (left <= 0) return;
      await sleep(Math.min(left, 100));
    }
  }
}

/** One call of {@link StoreWriter.store}. */
type Call = { readonly id: symbol; readonly giveUp: GiveUp };

/** Apart from buffers that others write to. */
function copyOf({ format, pieces }: EncodedRows): EncodedRows {
  return { format, pieces: [Buffer.concat(pieces)] };
}

/** Without the server's text beyond its first line: it may quote values at length. */
function refusalReason(error: ClickHouseError): string {
  return `${error.code}: ${error.message.split("\n")[0] ?? ""}`.slice(0, 300);
}
