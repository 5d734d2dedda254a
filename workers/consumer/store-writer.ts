import type { ClickHouse } from "../shared/clickhouse/client.ts";
import { type ClickHouseError, isRowValueError, serverCodeLabel } from "../shared/clickhouse/errors.ts";
import { RowBinaryWriter } from "../shared/clickhouse/row-binary.ts";
import type { EncodedRows } from "../shared/clickhouse/tables/events-raw.ts";
import { createBackoff } from "../shared/pipeline/backoff.ts";
import { isolateRefusedRows, type RefusedRow, type StoreVerdict } from "../shared/pipeline/bisect.ts";
import type { Clock } from "../shared/runtime/clock.ts";
import { AppError, errorFields } from "../shared/runtime/errors.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import { sleep } from "../shared/runtime/sleep.ts";

/** One table to insert into. */
export type InsertTarget<Row> = {
  table: string;
  columns: readonly string[];
  encode: (rows: Iterable<Row>, writer: RowBinaryWriter) => EncodedRows;
};

/** Rows that are already encoded for one insert. Single rows are made only if the store refuses some. */
export type PreparedRows<Row> = {
  readonly length: number;
  encode(): EncodedRows;
  rows(): readonly Row[];
  /** One row. */
  row(index: number): Row;
};

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
export class StoreWriter<Row> {
  readonly #target: InsertTarget<Row>;
  readonly #deps: StoreWriterDeps;
  readonly #writers: RowBinaryWriter[] = [];
  readonly #failing = new Map<number, { since: number; hard: boolean; detail: string }>();
  /** A row the store accepted earlier: storing it again is harmless and shows whether the store accepts rows at all. */
  #knownGood: Row | undefined;

  constructor(target: InsertTarget<Row>, deps: StoreWriterDeps) {
    this.#target = target;
    this.#deps = deps;
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
   * @param slot calls with the same slot must not overlap; they share an encoding buffer.
   * @throws AppError `STORE_GIVEN_UP` when `giveUp` says so; anything that is no refusal or failure of the store.
   */
  async store(rows: readonly Row[] | PreparedRows<Row>, slot: number, giveUp: GiveUp): Promise<RefusedRow<Row>[]> {
    const prepared = isPrepared(rows) ? rows : this.#prepare(rows, slot);
    const backoff = createBackoff(RETRY, this.#deps.random);
    try {
      for (;;) {
        const verdict = await this.#insert(prepared, slot, giveUp);
        if (verdict.stored) return [];
        const refused = await this.#findRefused(prepared.rows(), verdict.reason, slot, giveUp);
        if (refused) return refused;
        this.#noteFailure(slot, true, `the store refuses every row: ${verdict.reason}`);
        this.#deps.logger.error(
          { table: this.#target.table, rows: rows.length, reason: verdict.reason },
          "the store refuses every row of a batch; nothing is set aside, trying again until it is mended",
        );
        await this.#pause(backoff.next(), giveUp);
      }
    } finally {
      this.#failing.delete(slot);
    }
  }

  /** The rows to blame; undefined when nothing shows that the store accepts rows at all. */
  async #findRefused(rows: readonly Row[], reason: string, slot: number, giveUp: GiveUp) {
    this.#deps.onBisect?.();
    const store = (group: readonly Row[]) => this.#insert(this.#prepare(group, slot), slot, giveUp);
    const result = await isolateRefusedRows(rows, reason, store);
    if (result.kind === "isolated") return result.refused;
    const control = this.#knownGood;
    const judgeable = result.refused.length === rows.length && rows.length <= MAX_ROWS_JUDGED_BY_CONTROL;
    if (!judgeable || control === undefined) return undefined;
    return (await store([control])).stored ? result.refused : undefined;
  }

  /** One group, tried until the store has judged it. */
  async #insert(rows: PreparedRows<Row>, slot: number, giveUp: GiveUp): Promise<StoreVerdict> {
    const { clickhouse, clock } = this.#deps;
    const { table, columns } = this.#target;
    const backoff = createBackoff(RETRY, this.#deps.random);
    for (;;) {
      const began = clock.now();
      try {
        await clickhouse.insert(table, columns, rows.encode());
        this.#deps.onStored?.(rows.length, clock.now() - began);
        this.#failing.delete(slot);
        this.#knownGood = rows.row(0);
        return { stored: true };
      } catch (error) {
        if (isRowValueError(error)) return { stored: false, reason: refusalReason(error) };
        if (!(error instanceof AppError)) throw error;
        this.#reportFailure(error, rows.length, slot);
        await this.#pause(backoff.next(), giveUp);
      }
    }
  }

  #reportFailure(error: AppError, rows: number, slot: number): void {
    this.#noteFailure(slot, !error.retry, `${error.code}: ${error.message.slice(0, 200)}`);
    this.#deps.onFailure?.(serverCodeLabel(error));
    const fields = { table: this.#target.table, rows, ...errorFields(error) };
    if (error.retry) this.#deps.logger.warn(fields, "insert failed, trying again");
    else this.#deps.logger.error(fields, "the store refuses inserts until somebody mends it; trying again");
  }

  #noteFailure(slot: number, hard: boolean, detail: string): void {
    const since = this.#failing.get(slot)?.since ?? this.#deps.clock.now();
    this.#failing.set(slot, { since, hard, detail });
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

  #prepare(rows: readonly Row[], slot: number): PreparedRows<Row> {
    const row = (index: number) => {
      const found = rows[index];
      if (found === undefined) throw new RangeError(`no row ${index} of ${rows.length}`);
      return found;
    };
    return {
      length: rows.length,
      encode: () => this.#target.encode(rows, this.#writer(slot)),
      rows: () => rows,
      row,
    };
  }

  #writer(slot: number): RowBinaryWriter {
    this.#writers[slot] ??= new RowBinaryWriter();
    return this.#writers[slot];
  }
}

function isPrepared<Row>(rows: readonly Row[] | PreparedRows<Row>): rows is PreparedRows<Row> {
  return "encode" in rows;
}

/** Without the server's text beyond its first line: it may quote values at length. */
function refusalReason(error: ClickHouseError): string {
  return `${error.code}: ${error.message.split("\n")[0] ?? ""}`.slice(0, 300);
}
