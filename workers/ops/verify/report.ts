import { EXIT, type ExitCode } from "../cli/exit-codes.ts";
import type { PartitionAccount } from "./accounting.ts";
import type { Behind } from "./catch-up.ts";
import type { KeyResult, Tally } from "./compare.ts";
import { describeHidden, type Hidden } from "./hidden.ts";
import type { Relayed } from "./instances.ts";
import type { Context, StaleMinutes } from "./queries.ts";

export type Verdict = "EXACT" | "DIFFERENT" | "NOT PROVEN";

/** One minute, source and type with all that is known of it; rows of `--all`. */
export type MinuteRow = {
  bucket: number;
  source: string;
  eventType: string;
  produced: number;
  stored: number;
  shown: number;
};

/** Everything verify found. */
export type VerifyReport = {
  verdict: Verdict;
  /** Unix ms: when the ends of the topic were taken. */
  snapshotMs: number;
  /** Every event appended before the snapshot with an event time before this (Unix ms) is proven; undefined: nothing is. */
  provenUntilMs: number | undefined;
  /** The same for the view of hours. */
  hoursProvenUntilMs: number | undefined;
  totals: {
    /** Acknowledged by producers' ledgers, and stored with a producer. */
    produced: number;
    storedOfProducers: number;
    /** Stored by producers without a ledger; only the audit proves them. */
    storedForeign: number;
    minutesView: number;
    hoursView: number;
  };
  /** Messages that HTTP ingest and `producer file` saw acknowledged. */
  relayed: Relayed;
  /** Sentences about partitions that end before what a producer saw acknowledged. */
  truncated: string[];
  checked: { keys: number; minutes: number; hours: number; days: number };
  context: Context;
  partitions: PartitionAccount[];
  /** Keys that disagree for good. */
  differences: KeyResult[];
  /** Differences that are no key: offsets, incomplete ledgers, conflicts. */
  otherDifferences: string[];
  /** Keys that only an audit can prove: more is stored than the ledger of a killed instance says, or unknown sends. */
  unproven: KeyResult[];
  /** Keys that changed while they were compared: excluded. */
  moving: KeyResult[];
  /** Keys that disagreed and had not stood still for long enough at the time limit. */
  unsettled: KeyResult[];
  /** Instances without a sign of life whose ledger is open. */
  deadInstances: { instance: string; lastRecordMs: number | undefined }[];
  /** Messages that a transaction which is still open hides from everybody. */
  hidden: Hidden[];
  /** Groups that had not reached the ends at the time limit. */
  behind: Behind[];
  /** Minutes before this (Unix ms) are compared without raw events: retention. Undefined: all were. */
  rawFromMs: number | undefined;
  /** True when minutes outside the raw retention exist. */
  beyondRetention: boolean;
  /** Minutes outside the raw retention that received rows which no view shows. */
  stale: StaleMinutes | undefined;
  rows: MinuteRow[];
};

/** What was found, before it is judged. */
export type Unproven = Omit<VerifyReport, "verdict" | "provenUntilMs" | "hoursProvenUntilMs">;

/** Sentences about messages that nobody could see: hidden by a transaction, or compacted away before they were stored. */
export function unseenLines({
  hidden,
  partitions,
  truncated,
}: Pick<VerifyReport, "hidden" | "partitions" | "truncated">): string[] {
  const compacted = partitions
    .filter((account) => account.compacted > 0)
    .map(
      ({ partition, compacted }) =>
        `partition ${partition}: ${compacted} offsets without a message, and nothing of them was stored: compaction`,
    );
  return [...describeHidden(hidden), ...compacted, ...truncated];
}

/** The verdict of what was found. */
export function judge(report: Unproven): Verdict {
  if (report.differences.length > 0 || report.otherDifferences.length > 0) return "DIFFERENT";
  const open = report.unproven.length + report.unsettled.length + report.behind.length + report.deadInstances.length;
  if (unseenLines(report).length > 0 || open > 0 || report.stale !== undefined) return "NOT PROVEN";
  // Keys in motion are excluded and named; but when nothing stood still, nothing was proven.
  return report.moving.length > 0 && report.moving.length >= report.checked.keys ? "NOT PROVEN" : "EXACT";
}

/**
 * The first moment that is not proven: the earliest minute that is not exact, else the snapshot itself. Hours are told
 * apart: the current one moves with every event, its finished minutes are proven all the same.
 */
export function provenUntil(report: Unproven, of: "minutes" | "hours"): number | undefined {
  // A dead producer's last records may be missing: without them nothing says that its events are all here.
  const openEnds =
    report.behind.length + report.otherDifferences.length + report.deadInstances.length + unseenLines(report).length;
  if (openEnds > 0) return undefined;
  const open = [...report.differences, ...report.unproven, ...report.moving, ...report.unsettled];
  return open
    .filter((key) => (key.check === "hour") === (of === "hours"))
    .reduce(
      (least, { bucket }) => Math.min(least, bucket * 1000),
      Math.min(report.snapshotMs, report.stale?.firstMs ?? report.snapshotMs),
    );
}

export function exitCodeOf(verdict: Verdict): ExitCode {
  return verdict === "EXACT" ? EXIT.ok : verdict === "DIFFERENT" ? EXIT.different : EXIT.notProven;
}

/** The machine form: 64-bit numbers as decimal text, times as ISO 8601. */
export function toJson(report: VerifyReport): string {
  const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  const tally = ({ events, checksum, money, control }: Tally) => ({
    events,
    checksum: String(checksum),
    money_e4: String(money),
    control: String(control),
  });
  const key = (result: KeyResult) => ({
    check: result.check,
    time: iso(result.bucket * 1000),
    source: result.source,
    event_type: result.eventType,
    outcome: result.outcome,
    expected: tally(result.expected),
    found: tally(result.found),
    instances: result.instances,
  });
  return JSON.stringify({
    verdict: report.verdict,
    exit_code: exitCodeOf(report.verdict),
    snapshot: iso(report.snapshotMs),
    proven_until: iso(report.provenUntilMs),
    hours_proven_until: iso(report.hoursProvenUntilMs),
    totals: {
      produced: report.totals.produced,
      stored_of_producers: report.totals.storedOfProducers,
      stored_foreign: report.totals.storedForeign,
      minutes_view: report.totals.minutesView,
      hours_view: report.totals.hoursView,
    },
    relayed: { messages: report.relayed.messages, unknown: report.relayed.unknown, open_ledgers: report.relayed.open },
    checked: report.checked,
    received: report.context.received,
    duplicates: report.context.duplicates,
    redelivered: report.context.redelivered,
    dead_letters: Object.fromEntries(report.context.deadLetters.map((row) => [row.errorClass, row.letters])),
    conflicted_ids: report.context.conflictedIds,
    conflicts: report.context.conflicts.map((row) => row.eventId),
    partitions: report.partitions.map((account) => ({
      partition: account.partition,
      from: account.from,
      end: account.end,
      received: account.received,
      dead_letters: account.deadLetters,
      transaction: account.transaction,
      compacted: account.compacted,
      skipped: account.skipped,
      missing: account.missing,
      ambiguous: account.ambiguous,
      impossible: account.impossible,
      missing_ranges: account.missingRanges,
    })),
    differences: report.differences.map(key),
    other_differences: report.otherDifferences,
    unproven: report.unproven.map(key),
    in_motion: report.moving.map(key),
    unsettled: report.unsettled.map(key),
    dead_instances: report.deadInstances.map((row) => ({
      instance: row.instance,
      last_record: iso(row.lastRecordMs),
    })),
    truncated: report.truncated,
    hidden: report.hidden.map(({ sinceMs, ...row }) => ({ ...row, since: iso(sinceMs) })),
    behind: report.behind,
    raw_from: iso(report.rawFromMs),
    beyond_retention: report.beyondRetention,
    stale_minutes:
      report.stale === undefined ? null : { minutes: report.stale.minutes, first: iso(report.stale.firstMs) },
    ...(report.rows.length > 0
      ? { minutes: report.rows.map(({ bucket, ...row }) => ({ time: iso(bucket * 1000), ...row })) }
      : {}),
  });
}
