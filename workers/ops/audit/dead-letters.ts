import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import type { Reach } from "./reach.ts";
import { forEachLetter } from "./store-side.ts";
import type { VerdictMap } from "./verdict-map.ts";

/** Whatever the audit holds invalid must be a dead letter, and nothing else may be one. */

export type LetterTotals = {
  letters: number;
  rejected: number;
  gone: number;
  newer: number;
};

export type LetterDefect = { partition: number; offset: number; detail: string };

export type LetterCheck = {
  totals: LetterTotals;
  /** All defects; only the first `samples` of them are listed. */
  count: number;
  defects: LetterDefect[];
};

const SAMPLES = 200;

export async function checkLetters(
  clickhouse: ClickHouse,
  input: {
    topic: string;
    verdicts: VerdictMap;
    /** Where a letter's message lies; without knowledge of how far the topic reaches now, see `fetchEnds`. */
    reach(partition: number, offset: number, appendMs: number): Reach;
    /** The partitions' ends, asked for after the last letter was read: one may be written meanwhile. */
    fetchEnds(): Promise<ReadonlyMap<number, number>>;
    /** Messages that an operator gave up, so that they need no letter. */
    isSkipped(partition: number, offset: number): boolean;
    /** Sum of the payload hashes of the messages the audit refused, per partition. */
    payloadSums: ReadonlyMap<number, bigint>;
    signal: AbortSignal;
  },
): Promise<LetterCheck> {
  const check: LetterCheck = { totals: { letters: 0, rejected: 0, gone: 0, newer: 0 }, count: 0, defects: [] };
  const found = new Map<number, bigint>();
  const furthest = new Map<number, number>();
  const report = (partition: number, offset: number, detail: string) => {
    check.count++;
    if (check.defects.length < SAMPLES) check.defects.push({ partition, offset, detail });
  };
  await forEachLetter(
    clickhouse,
    input.topic,
    ({ partition, offset, appendMs, errorClass, payloadHash, bytesHash }) => {
      const reach = input.reach(partition, offset, appendMs);
      if (reach === "gone") check.totals.gone++;
      else if (reach === "compacted") return;
      else if (reach === "newer" || reach === "impossible") {
        check.totals.newer++;
        furthest.set(partition, Math.max(furthest.get(partition) ?? 0, offset));
      } else {
        check.totals.letters++;
        const finding = input.verdicts.noteLetter(partition, offset, errorClass);
        if (finding.kind === "rejected") check.totals.rejected++;
        else if (finding.kind === "valid_event")
          report(partition, offset, `a valid event lies among the dead letters as ${errorClass}`);
        else if (finding.kind === "nothing_there")
          report(partition, offset, "a dead letter of an offset without a message");
        else if (finding.kind === "second_letter") report(partition, offset, "two dead letters of one offset");
        else {
          found.set(partition, BigInt.asUintN(64, (found.get(partition) ?? 0n) + bytesHash));
          if (payloadHash !== bytesHash) report(partition, offset, "its payload is not the one of its payload_hash");
          if (finding.kind === "wrong_class")
            report(partition, offset, `class ${errorClass}, the audit says ${finding.expected}`);
        }
      }
    },
    input.signal,
  );
  const ends = await input.fetchEnds();
  for (const [partition, offset] of furthest) {
    if (offset < (ends.get(partition) ?? 0)) continue;
    report(partition, offset, "a dead letter of an offset the topic never reached");
  }
  let missing = false;
  for (const { partition, offset, errorClass } of input.verdicts.missingLetters()) {
    missing = true;
    if (!input.isSkipped(partition, offset)) report(partition, offset, `no dead letter; the audit says ${errorClass}`);
  }
  // Sums tell only when both sides have the same letters.
  if (!missing) {
    for (const [partition, sum] of input.payloadSums) {
      if ((found.get(partition) ?? 0n) !== sum)
        report(partition, -1, "payloads of dead letters differ from the topic's");
    }
  }
  return check;
}
