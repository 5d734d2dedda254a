import type { ClickHouse } from "../clickhouse/client.ts";
import { RowBinaryWriter } from "../clickhouse/row-binary.ts";
import type { Admin, Kafka } from "../kafka/client.ts";
import { kafkaCall } from "../kafka/errors.ts";
import { HEADERS } from "../kafka/headers.ts";
import { partitionOf } from "../kafka/partitioner.ts";
import { AppError } from "../runtime/errors.ts";
import { formatPosition, type Letter, type LetterRow, loadLetters } from "./letters.ts";

/** What became of one letter: where its message lies now, or why it was not sent. */
export type ReplayOutcome = { letter: LetterRow; sentTo?: { partition: number; offset: number }; error?: string };

/** `admin` must be connected. */
export type ReplayDeps = { kafka: Kafka; admin: Admin; clickhouse: Pick<ClickHouse, "query" | "insert"> };

/**
 * Puts letters back, one after the other: produces the bytes with the original key, then marks the letter as replayed.
 * Interrupted in between, the next run produces the letter once more; that is harmless, because copies of an event are
 * one event by contract. `edited` replaces the bytes of every letter.
 */
export async function replayLetters(
  deps: ReplayDeps,
  topic: string,
  rows: readonly LetterRow[],
  options: { edited?: Uint8Array; signal: AbortSignal; onDone(outcome: ReplayOutcome): void },
): Promise<void> {
  const partitions = (await kafkaCall(() => deps.admin.fetchTopicOffsets(topic))).length;
  const producer = deps.kafka.producer({ allowAutoTopicCreation: false, idempotent: true, maxInFlightRequests: 1 });
  try {
    await kafkaCall(() => producer.connect());
    for (const row of rows) {
      if (options.signal.aborted) throw new AppError("ABORTED", "Interrupted", { retry: false });
      const letter = (await loadLetters(deps.clickhouse, row)).find(
        (candidate) => candidate.appendMs === row.appendMs && candidate.payloadHash === row.payloadHash,
      );
      if (letter === undefined) {
        options.onDone({ letter: row, error: "it is not in dead_letters any more" });
        continue;
      }
      const message = replayMessage(letter, options.edited);
      let sentTo: ReplayOutcome["sentTo"];
      try {
        const partition = message.key === null ? {} : { partition: partitionOf(message.key, partitions) };
        const send = () => producer.send({ topic, acks: -1, messages: [{ ...message, ...partition }] });
        const [sent] = await kafkaCall(send);
        if (sent?.baseOffset !== undefined) sentTo = { partition: sent.partition, offset: Number(sent.baseOffset) };
      } catch (error) {
        // Too large, for example: a verdict on this message alone.
        if (!(error instanceof AppError) || error.retry) throw error;
        options.onDone({ letter: row, error: error.message });
        continue;
      }
      await markReplayed(deps.clickhouse, row);
      options.onDone({ letter: row, ...(sentTo && { sentTo }) });
    }
  } finally {
    await producer.disconnect();
  }
}

/** The message that puts a letter back. */
export function replayMessage(
  letter: Letter,
  edited?: Uint8Array,
): { key: Buffer | null; value: Buffer; headers: Record<string, Buffer> } {
  const headers: Record<string, Buffer> = {
    ...letter.headers,
    [HEADERS.replayOf]: Buffer.from(formatPosition(letter)),
  };
  // Only what the store rejected was valid when it was sent, and so is in its producer's ledger. Anything else would be
  // a surplus there; it is proven by the audit, as any foreign client's events are.
  if (letter.errorClass !== "rejected_by_store" || edited !== undefined) delete headers[HEADERS.producer];
  return {
    key: letter.key.length === 0 ? null : letter.key,
    value: edited === undefined ? letter.payload : Buffer.from(edited),
    headers,
  };
}

async function markReplayed(clickhouse: ReplayDeps["clickhouse"], row: LetterRow): Promise<void> {
  const writer = new RowBinaryWriter(256);
  writer.string(row.topic);
  writer.uint32(row.partition);
  writer.int64(row.offset);
  writer.int64(row.appendMs);
  writer.uint64(BigInt(row.payloadHash));
  const columns = ["topic", "kafka_partition", "kafka_offset", "append_time", "payload_hash"];
  await clickhouse.insert("dead_letter_replays_raw", columns, { format: "RowBinary", pieces: [writer.bytes()] });
}
