import type { Gap } from "../../shared/kafka/fetched-records.ts";
import { fetchTopicRanges, type PartitionRange } from "../../shared/kafka/topic-reader.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import { firstAppendTime } from "../cli/first-append-time.ts";
import type { Services } from "../cli/services.ts";
import { type AccountingScope, countSeen } from "../verify/accounting.ts";
import { waitForGroups } from "../verify/catch-up.ts";
import { readableRanges } from "../verify/hidden.ts";
import { readRawHorizon } from "../verify/queries.ts";
import { closeLedgers, findClosable } from "./close-ledgers.ts";
import { type BucketDeps, type BucketTotals, compareBucket } from "./compare-bucket.ts";
import { checkLetters } from "./dead-letters.ts";
import type { DefectKind } from "./defect.ts";
import { createProgress } from "./progress.ts";
import { createReach } from "./reach.ts";
import { readTopicSide, type TopicSide } from "./read-topic.ts";
import { type AuditReport, hasUnseen, judgeAudit, type MoneyRow, type NamedDefect } from "./report.ts";
import { bucketsFor, createSpill, type Spill } from "./spill.ts";
import { readNames, readRejected, readResolutions, readSkipped, readStoreSide } from "./store-side.ts";
import { createVerdictMap } from "./verdict-map.ts";

export type AuditOptions = {
  /** How long to wait for the consumers to commit the ends, ms. */
  waitMs: number;
  /** Deleted offsets do not prevent the verdict EXACT. */
  allowUnseen: boolean;
  /** Where to spill; undefined: the system's directory for temporary files. */
  tempDir: string | undefined;
  /** Close the ledgers of killed producers when all is exact; default true. */
  closesLedgers?: boolean;
};

/**
 * Reads the topic itself between two fixed offsets per partition and compares it with the store, event by event:
 *  1. fix the ends, wait until the consumers have committed them: from then on the store must hold everything before
 *  2. read and judge every message, spill one record for each valid one
 *  3. stream the store's events once into the same spill
 *  4. compare bucket by bucket; compare the dead letters with the messages that had to be refused
 *  5. if exact, close the ledgers of killed producers
 */
export async function audit(services: Services, options: AuditOptions): Promise<AuditReport> {
  const { config, admin, clickhouse, io } = services;
  const topic = config.KAFKA_EVENTS_TOPIC;
  const snapshotMs = io.clock.now();
  const deadlineMs = snapshotMs + options.waitMs;
  const snapshot = await fetchTopicRanges(admin, topic);
  const { ranges, hidden } = await readableRanges(services, topic, snapshot, deadlineMs);
  const target = { group: config.KAFKA_GROUP_ID, topic, ranges };
  const behind = await waitForGroups(services, [target], deadlineMs);
  if (behind.length > 0) return { ...emptyAudit(snapshotMs, ranges, options), behind };

  const messages = ranges.reduce((sum, { from, end }) => sum + end - from, 0);
  const verdicts = createVerdictMap(ranges);
  const horizonMs = (await readRawHorizon(clickhouse)) * 1000;
  const sinceMs = await firstAppendTime(services, topic, ranges);
  const spill = createSpill(bucketsFor(messages * 2), options.tempDir);
  try {
    const side = await readTopicSide(services, { ranges, snapshotMs, horizonMs }, { spill, verdicts });
    const storedRows = await readStoreSide(clickhouse, io, spill, horizonMs);
    // All that bounds or excuses what was read is asked for after it: ends, resolutions, letters, retention.
    const fetchEnds = async () =>
      new Map((await fetchTopicRanges(admin, topic)).map(({ partition, end }) => [partition, end]));
    const { gaps, payloadSums } = side;
    const reach = createReach({ ranges, gaps, endsAfter: await fetchEnds(), firstAppendMs: side.firstAppendMs });
    const rejected = await readRejected(clickhouse, topic, sinceMs);
    const isSkipped = await readSkipped(clickhouse, topic, sinceMs);
    const compared = await compareSpill(services, spill, side, {
      reach,
      isExcused: (partition, offset) => rejected.has(`${partition}/${offset}`) || isSkipped(partition, offset),
      horizonMs: (await readRawHorizon(clickhouse)) * 1000,
      isResolved: await readResolutions(clickhouse),
    });
    const signal = io.signal;
    const letters = await checkLetters(clickhouse, {
      topic,
      verdicts,
      reach,
      fetchEnds,
      isSkipped,
      payloadSums,
      signal,
    });
    const unseen = {
      deleted: ranges.filter(({ from }) => from > 0).map(({ partition, from }) => ({ partition, end: from })),
      hidden,
      holes: await findHoles(clickhouse, { topic, sinceMs }, side, isSkipped),
      goneRows: compared.totals.gone,
      goneLetters: letters.totals.gone,
    };
    const found = { ...compared, letters, unseen, behind: [], allowUnseen: options.allowUnseen };
    const report: AuditReport = {
      ...found,
      verdict: judgeAudit(found),
      snapshotMs,
      ranges,
      messages: side.messages,
      refused: side.refused,
      transaction: countOffsets(side, "transaction"),
      expired: side.expired,
      storedRows,
      closed: [],
      unclosed: [],
    };
    // What an instance sent before the audit's reach stays unproven, so its ledger stays open.
    if (options.closesLedgers === false || report.verdict !== "EXACT" || hasUnseen(unseen)) return report;
    if (!(await ledgerIsStored(services, options))) return report;
    const closable = await findClosable(services, snapshotMs);
    const instances = closable.map(({ instance }) => instance);
    const isClosed = await closeLedgers(services, closable);
    return { ...report, ...(isClosed ? { closed: instances } : { unclosed: instances }) };
  } finally {
    spill.remove();
  }
}

/**
 * Whether the store has the ledger as it is now, waited for as for the events. While it lags, a producer that is alive looks
 * dead, and would be closed for good.
 */
async function ledgerIsStored(services: Services, { waitMs }: AuditOptions): Promise<boolean> {
  const { config, admin, io } = services;
  const topic = config.KAFKA_LEDGER_TOPIC;
  const target = { group: config.KAFKA_LEDGER_GROUP_ID, topic, ranges: await fetchTopicRanges(admin, topic) };
  return (await waitForGroups(services, [target], io.clock.now() + waitMs)).length === 0;
}

/** Gaps that leave something unproven: what could not be read, and compacted offsets of which nothing was stored. */
async function findHoles(
  clickhouse: Services["clickhouse"],
  scope: AccountingScope,
  { gaps }: TopicSide,
  isSkipped: (partition: number, offset: number) => boolean,
): Promise<AuditReport["unseen"]["holes"]> {
  const holes: AuditReport["unseen"]["holes"] = [];
  for (const [partition, list] of gaps) {
    for (const gap of list) {
      if (gap.kind === "transaction" || (isSkipped(partition, gap.from) && isSkipped(partition, gap.to - 1))) continue;
      if (gap.kind === "compacted") {
        const stored = await countSeen(clickhouse, scope, partition, gap);
        if (stored === gap.to - gap.from) continue;
      }
      holes.push({ ...gap, partition });
    }
  }
  return holes;
}

function countOffsets({ gaps }: TopicSide, kind: Gap["kind"]): number {
  const counts = [...gaps.values()].flat().map((gap) => (gap.kind === kind ? gap.to - gap.from : 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

type Compared = Pick<AuditReport, "totals" | "money" | "defectCounts" | "defects">;

/** Defects listed per kind. */
const SAMPLES = 200;

async function compareSpill(
  services: Services,
  spill: Spill,
  side: TopicSide,
  deps: Pick<BucketDeps, "reach" | "isExcused" | "isResolved" | "horizonMs">,
): Promise<Compared> {
  const { io, clickhouse } = services;
  const names = await readNames(clickhouse);
  const groups = new Map([...names.groups, ...side.groups]);
  const currencies = new Map([...names.currencies, ...side.currencies]);
  const money = new Map<bigint, MoneyRow>();
  const defectCounts = new Map<DefectKind, number>();
  const defects: NamedDefect[] = [];
  const totals = emptyTotals();
  const progress = createProgress(io, "comparing buckets", 0);
  for (let bucket = 0; bucket < spill.buckets; bucket++) {
    if (io.signal.aborted) throw new AppError("ABORTED", "Interrupted", { retry: false });
    const part = compareBucket(spill.read(bucket), {
      ...deps,
      onDefect: (defect) => {
        const count = (defectCounts.get(defect.kind) ?? 0) + 1;
        defectCounts.set(defect.kind, count);
        if (count <= SAMPLES) defects.push({ ...defect, group: groups.get(defect.key) ?? "?" });
      },
      onMoney: (which, hash, amount) => {
        const row = money.get(hash) ?? { currency: currencies.get(hash) ?? "?", topic: 0n, store: 0n };
        row[which] += amount;
        money.set(hash, row);
      },
    });
    for (const key of Object.keys(totals) as (keyof BucketTotals)[]) totals[key] += part[key];
    progress.add(part.events + part.stored);
    // Lets signals and progress through between two buckets.
    await Bun.sleep(0);
  }
  progress.end();
  return {
    totals,
    defectCounts,
    defects,
    money: [...money.values()].sort((a, b) => a.currency.localeCompare(b.currency)),
  };
}

const emptyTotals = (): BucketTotals => ({
  events: 0,
  duplicates: 0,
  stored: 0,
  gone: 0,
  newer: 0,
  resolvedConflicts: 0,
  excused: 0,
});

function emptyAudit(snapshotMs: number, ranges: readonly PartitionRange[], { allowUnseen }: AuditOptions): AuditReport {
  return {
    verdict: "NOT PROVEN",
    snapshotMs,
    ranges,
    behind: [],
    messages: 0,
    refused: new Map(),
    transaction: 0,
    expired: 0,
    totals: emptyTotals(),
    storedRows: 0,
    money: [],
    letters: { totals: { letters: 0, rejected: 0, gone: 0, newer: 0 }, count: 0, defects: [] },
    defectCounts: new Map(),
    defects: [],
    unseen: { deleted: [], hidden: [], holes: [], goneRows: 0, goneLetters: 0 },
    allowUnseen,
    closed: [],
    unclosed: [],
  };
}
