import type { Gap } from "../../shared/kafka/fetched-records.ts";
import type { PartitionRange } from "../../shared/kafka/topic-reader.ts";
import type { AuditVerdictName } from "../audit/report.ts";
import type { Hidden } from "../verify/hidden.ts";

/**
 * Where the messages of a range of offsets are to be found today:
 * - `topic`: the topic holds them, and the audit has compared them with the store
 * - `store`: only the store, which has them out of the lake; nothing proves that it has all
 * - `nowhere`: neither topic nor store: duplicates, dead letters, markers, or lost
 * - `unreadable`: the topic's offsets are there, but the audit could not read them
 * - `earlier topic`: stored, and of a topic of the same name that is gone
 */
export type RangeSource = "topic" | "store" | "nowhere" | "unreadable" | "earlier topic";

/** Offsets of a partition from `from` up to, but without, `to`, and what is known of them. */
export type ProvenRange = {
  partition: number;
  from: number;
  to: number;
  source: RangeSource;
  /** Offsets the store accounts for; undefined where the audit counted. */
  stored: number | undefined;
  verdict: AuditVerdictName;
};

/** What the store holds of messages that the topic does not: consecutive offsets, ascending. */
export type StoredRun = { partition: number; first: number; last: number; stored: number; isEarlierTopic: boolean };

/** What the audit says of the topic's own offsets. */
export type TopicVerdict = {
  verdict: AuditVerdictName;
  ranges: readonly PartitionRange[];
  holes: readonly (Gap & { partition: number })[];
  hidden: readonly Hidden[];
};

/**
 * Divides all offsets that were ever appended, as far as they are known, into ranges with a verdict each. Only what the audit
 * has read in the topic and found in the store is EXACT; an offset below the topic's first never is.
 */
export function divideOffsets(topic: TopicVerdict, runs: readonly StoredRun[]): ProvenRange[] {
  const partitions = [...new Set([...topic.ranges, ...runs].map(({ partition }) => partition))].sort((a, b) => a - b);
  return partitions.flatMap((partition) => {
    const own = runs.filter((run) => run.partition === partition);
    const range = topic.ranges.find((one) => one.partition === partition);
    const earlier = own.filter(({ isEarlierTopic }) => isEarlierTopic).map((run) => fromRun(run, "earlier topic"));
    const gone = own.filter(({ isEarlierTopic }) => !isEarlierTopic).map((run) => fromRun(run, "store"));
    const from = range?.from ?? Math.max(0, ...gone.map(({ to }) => to));
    return [...earlier, ...fillGaps(partition, gone, from), ...(range === undefined ? [] : divideTopic(topic, range))];
  });
}

function fromRun({ partition, first, last, stored }: StoredRun, source: RangeSource): ProvenRange {
  return { partition, from: first, to: last + 1, source, stored, verdict: "NOT PROVEN" };
}

/** The runs, and between them what is nowhere, from offset 0 up to `end`. */
function fillGaps(partition: number, runs: readonly ProvenRange[], end: number): ProvenRange[] {
  const nowhere = (from: number, to: number): ProvenRange[] =>
    from < to ? [{ partition, from, to, source: "nowhere", stored: 0, verdict: "NOT PROVEN" }] : [];
  let at = 0;
  const all: ProvenRange[] = [];
  for (const run of runs) {
    all.push(...nowhere(at, run.from), run);
    at = run.to;
  }
  return [...all, ...nowhere(at, end)];
}

/** The topic's offsets; what could not be read stands apart. */
function divideTopic(
  { verdict, holes, hidden }: TopicVerdict,
  { partition, from, end }: PartitionRange,
): ProvenRange[] {
  const read = (start: number, to: number): ProvenRange[] =>
    start < to ? [{ partition, from: start, to, source: "topic", stored: undefined, verdict }] : [];
  const unread = (start: number, to: number): ProvenRange => ({
    partition,
    from: start,
    to,
    source: "unreadable",
    stored: undefined,
    verdict: "NOT PROVEN",
  });
  const all: ProvenRange[] = [];
  let at = from;
  const own = holes.filter((hole) => hole.partition === partition).sort((a, b) => a.from - b.from);
  for (const hole of own) {
    all.push(...read(at, hole.from), unread(hole.from, hole.to));
    at = hole.to;
  }
  all.push(...read(at, end));
  for (const { messages } of hidden.filter((one) => one.partition === partition)) all.push(unread(end, end + messages));
  return all;
}

/** The whole: DIFFERENT when anything is, EXACT when everything is. */
export function judgeRanges(ranges: readonly Pick<ProvenRange, "verdict">[]): AuditVerdictName {
  if (ranges.some(({ verdict }) => verdict === "DIFFERENT")) return "DIFFERENT";
  return ranges.every(({ verdict }) => verdict === "EXACT") ? "EXACT" : "NOT PROVEN";
}
