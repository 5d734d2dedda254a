import type { Defect, DefectKind, Position } from "./defect.ts";
import type { Reach } from "./reach.ts";
import { AT, hashId, RECORD_BYTES, readId, readSafe, SIDE } from "./record.ts";

/**
 * Compares all records of one bucket, both sides. The truth: of the copies of an event_id in the topic that share minute,
 * source and type, the earliest (append time, partition, offset) is the event; keys that differ make a conflict.
 */

export type BucketTotals = {
  /** Distinct events of the topic, and copies beyond the first. */
  events: number;
  duplicates: number;
  /** Rows of the store. */
  stored: number;
  /** Rows whose message is gone, or newer than the audit's end. */
  gone: number;
  newer: number;
  resolvedConflicts: number;
  /** Events not in the store for a reason: refused by it and set aside, or given up by an operator. */
  excused: number;
};

export type BucketDeps = {
  reach(partition: number, offset: number, appendMs: number): Reach;
  onDefect(defect: Defect): void;
  /** Whether `ops conflicts resolve` has dropped this key of the id, so that its message need not be stored. */
  isResolved(eventId: string, minute: number, key: bigint): boolean;
  /** Whether the message at this place need not be stored: set aside as rejected by the store, or given up. */
  isExcused(partition: number, offset: number): boolean;
  /** Events before this (Unix ms) may have been dropped by retention while both sides were read. */
  horizonMs: number;
  /** Told the money of every event on each side that is compared. */
  onMoney(side: "topic" | "store", currency: bigint, amountE4: bigint): void;
};

/** Compares one bucket; see the module. */
export function compareBucket(view: DataView, deps: BucketDeps): BucketTotals {
  const totals: BucketTotals = {
    events: 0,
    duplicates: 0,
    stored: 0,
    gone: 0,
    newer: 0,
    resolvedConflicts: 0,
    excused: 0,
  };
  for (const group of groupById(view)) {
    const kept = group.filter((at) => readSafe(view, at + AT.timeMs) >= deps.horizonMs);
    if (kept.length > 0) compareId(view, kept, deps, totals);
  }
  return totals;
}

/** Byte positions of the records of each id. */
function* groupById(view: DataView): Generator<number[]> {
  const count = view.byteLength / RECORD_BYTES;
  const slots = 2 ** Math.ceil(Math.log2(Math.max(2, count)));
  // Chains of records by slot; 0 ends a chain, so records are numbered from 1.
  const heads = new Int32Array(slots);
  const next = new Int32Array(count + 1);
  for (let record = count; record >= 1; record--) {
    const slot = hashId(view, (record - 1) * RECORD_BYTES) & (slots - 1);
    next[record] = heads[slot] ?? 0;
    heads[slot] = record;
  }
  for (const head of heads) yield* splitChain(view, head, next);
}

function* splitChain(view: DataView, head: number, next: Int32Array): Generator<number[]> {
  let open: number[] = [];
  for (let record = head; record !== 0; record = next[record] ?? 0) open.push((record - 1) * RECORD_BYTES);
  while (open.length > 0) {
    const first = open[0] ?? 0;
    const group = open.filter((at) => sameId(view, first, at));
    if (group.length < open.length) open = open.filter((at) => !sameId(view, first, at));
    else open = [];
    yield group;
  }
}

const sameId = (view: DataView, a: number, b: number) =>
  view.getBigUint64(a, true) === view.getBigUint64(b, true) &&
  view.getBigUint64(a + 8, true) === view.getBigUint64(b + 8, true);

const minuteOf = (view: DataView, at: number) => Math.floor(readSafe(view, at + AT.timeMs) / 60_000) * 60;
const keyOf = (view: DataView, at: number) => view.getBigUint64(at + AT.key, true);
const sameKey = (view: DataView, a: number, b: number) =>
  minuteOf(view, a) === minuteOf(view, b) && keyOf(view, a) === keyOf(view, b);
const positionOf = (view: DataView, at: number): Position => ({
  partition: view.getUint32(at + AT.partition, true),
  offset: readSafe(view, at + AT.offset),
});

/** Negative when `a` was appended before `b`. */
function compareAppended(view: DataView, a: number, b: number): number {
  return (
    readSafe(view, a + AT.appendMs) - readSafe(view, b + AT.appendMs) ||
    view.getUint32(a + AT.partition, true) - view.getUint32(b + AT.partition, true) ||
    readSafe(view, a + AT.offset) - readSafe(view, b + AT.offset)
  );
}

function compareId(view: DataView, group: readonly number[], deps: BucketDeps, totals: BucketTotals): void {
  const copies = group.filter((at) => view.getUint32(at + AT.side, true) === SIDE.topic);
  const rows = group.filter((at) => view.getUint32(at + AT.side, true) === SIDE.store);
  const truth = earliestPerKey(view, storable(view, copies, rows, deps));
  totals.events += truth.length;
  totals.duplicates += copies.length - truth.length;
  totals.stored += rows.length;

  const unmatched = new Set(truth);
  const strangers: number[] = [];
  for (const row of rows) {
    const reach = reachOf(view, row, deps);
    const match = truth.find((at) => sameKey(view, at, row));
    if (match !== undefined) {
      unmatched.delete(match);
      compareCopies(view, match, row, reach, deps, totals);
    } else if (reach === "gone") {
      totals.gone++;
    } else if (reach === "compacted") {
      // Stored before its message was removed: right, and nothing of it can be compared.
    } else if (reach === "newer") totals.newer++;
    else strangers.push(row);
  }
  reportUnmatched(view, [...unmatched], strangers, deps, totals);
  // What was appended after the audit's end is no matter of this audit.
  const known = rows.filter((row) => reachOf(view, row, deps) !== "newer");
  if (known.length > 1) {
    for (const row of known) report(view, deps, "conflict", `${known.length} rows of one event_id`, undefined, row);
  }
}

const reachOf = (view: DataView, row: number, deps: BucketDeps): Reach => {
  const { partition, offset } = positionOf(view, row);
  return deps.reach(partition, offset, readSafe(view, row + AT.appendMs));
};

/** A copy that the store refused may be followed by one that it took: only the latter can be found. */
function storable(
  view: DataView,
  copies: readonly number[],
  rows: readonly number[],
  deps: BucketDeps,
): readonly number[] {
  if (copies.length < 2) return copies;
  const kept = copies.filter((at) => {
    const place = positionOf(view, at);
    if (!deps.isExcused(place.partition, place.offset)) return true;
    return rows.some((row) => compareAppended(view, row, at) === 0);
  });
  return kept.length > 0 ? kept : copies;
}

function earliestPerKey(view: DataView, copies: readonly number[]): number[] {
  const earliest: number[] = [];
  for (const at of copies) {
    const known = earliest.findIndex((other) => sameKey(view, other, at));
    const other = earliest[known];
    if (other === undefined) earliest.push(at);
    else if (compareAppended(view, at, other) < 0) earliest[known] = at;
  }
  return earliest;
}

function reportUnmatched(
  view: DataView,
  unmatched: readonly number[],
  strangers: number[],
  deps: BucketDeps,
  totals: BucketTotals,
): void {
  const lost = unmatched.filter((at) => {
    const { partition, offset } = positionOf(view, at);
    if (deps.isExcused(partition, offset)) {
      totals.excused++;
      totals.events--;
    } else if (deps.isResolved(readId(view, at), minuteOf(view, at), keyOf(view, at))) totals.resolvedConflicts++;
    else return true;
    return false;
  });
  while (lost.length > 0 || strangers.length > 0) {
    const copy = lost.shift();
    const row = strangers.shift();
    if (copy !== undefined) addMoney(view, copy, "topic", deps);
    if (row !== undefined) addMoney(view, row, "store", deps);
    if (copy !== undefined && row !== undefined) {
      const detail = `stored under minute ${new Date(minuteOf(view, row) * 1000).toISOString()}`;
      report(view, deps, "misplaced", detail, copy, row);
    } else if (copy !== undefined) report(view, deps, "missing", "not in the store", copy, undefined);
    else if (row !== undefined) report(view, deps, "surplus", "not in the topic", undefined, row);
  }
}

function compareCopies(
  view: DataView,
  copy: number,
  row: number,
  reach: Reach,
  deps: BucketDeps,
  totals: BucketTotals,
): void {
  const order = compareAppended(view, row, copy);
  if (order < 0 && reach !== "read" && reach !== "impossible") {
    // An earlier copy that the audit cannot see was kept: right, and nothing of it can be compared.
    if (reach === "newer") totals.newer++;
    else if (reach === "gone") totals.gone++;
    return;
  }
  addMoney(view, copy, "topic", deps);
  addMoney(view, row, "store", deps);
  if (order !== 0) {
    const detail = order > 0 ? "a later copy was kept" : "the row claims an offset that does not hold this event";
    report(view, deps, "wrong_copy", detail, copy, row);
    return;
  }
  const differs = (field: number) => view.getBigUint64(copy + field, true) !== view.getBigUint64(row + field, true);
  if (differs(AT.amountE4) || differs(AT.currency)) {
    const [a, b] = [copy, row].map((at) => formatE4(view.getBigInt64(at + AT.amountE4, true)));
    report(
      view,
      deps,
      "money",
      `topic ${a}, store ${b}${differs(AT.currency) ? ", currencies differ" : ""}`,
      copy,
      row,
    );
  }
  if (differs(AT.timeMs)) {
    const [a, b] = [copy, row].map((at) => new Date(readSafe(view, at + AT.timeMs)).toISOString());
    report(view, deps, "time", `topic ${a}, store ${b}`, copy, row);
  }
  if (differs(AT.identity)) report(view, deps, "identity", "user_id or session_id differ", copy, row);
  if (differs(AT.content)) {
    report(view, deps, "content", "payload, unknown fields, received_time, size or producer differ", copy, row);
  }
}

function addMoney(view: DataView, at: number, side: "topic" | "store", deps: BucketDeps): void {
  const amount = view.getBigInt64(at + AT.amountE4, true);
  if (amount !== 0n) deps.onMoney(side, view.getBigUint64(at + AT.currency, true), amount);
}

/** Ten-thousandths as decimal text. */
export function formatE4(amountE4: bigint): string {
  const digits = (amountE4 < 0n ? -amountE4 : amountE4).toString().padStart(5, "0");
  return `${amountE4 < 0n ? "-" : ""}${digits.slice(0, -4)}.${digits.slice(-4)}`;
}

function report(
  view: DataView,
  deps: BucketDeps,
  kind: DefectKind,
  detail: string,
  copy: number | undefined,
  row: number | undefined,
): void {
  const at = copy ?? row ?? 0;
  deps.onDefect({
    kind,
    eventId: readId(view, at),
    minute: minuteOf(view, at),
    key: keyOf(view, at),
    ...(copy === undefined ? {} : { inTopic: positionOf(view, copy) }),
    ...(row === undefined ? {} : { inStore: positionOf(view, row) }),
    detail,
  });
}
