import type { Services } from "../cli/services.ts";
import type { PartitionAccount } from "./accounting.ts";

/**
 * Asks the log about offsets that the store knows nothing of: those of markers and aborted messages, or of messages that
 * compaction removed, are no losses, whoever should have remembered them. What holds a message stays missing.
 */
export async function explainMissing<A extends PartitionAccount>(
  { log, io }: Services,
  topic: string,
  account: A,
): Promise<A> {
  const listed = account.missingRanges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  // Only some of the ranges are known: enough is missing to be looked at by an audit.
  if (account.missing === 0 || listed !== account.missing) return account;
  const explained = { transaction: 0, compacted: 0 };
  const missingRanges: [number, number][] = [];
  for (const [first, last] of account.missingRanges) {
    const range = { partition: account.partition, from: first, end: last + 1 };
    const note = (from: number, to: number) => {
      const before = missingRanges.at(-1);
      if (before !== undefined && before[1] + 1 === from) before[1] = to - 1;
      else missingRanges.push([from, to - 1]);
    };
    await log.read(topic, range, {
      signal: io.signal,
      onMessages: (messages) => {
        for (const { offset } of messages) note(Number(offset), Number(offset) + 1);
      },
      onGap: ({ from, to, kind }) => {
        if (kind === "transaction" || kind === "compacted") explained[kind] += to - from;
        else note(from, to);
      },
    });
  }
  const missing = account.missing - explained.transaction - explained.compacted;
  return {
    ...account,
    transaction: account.transaction + explained.transaction,
    compacted: account.compacted + explained.compacted,
    missing,
    missingRanges,
  };
}
