import type { EachBatchPayload, KafkaMessage } from "kafkajs";
import type { MissingOffsets } from "./group-types.ts";

/** What the client's batch has besides its typed fields: all records, those included that it does not deliver. */
type RawBatch = EachBatchPayload["batch"] & { readonly rawMessages?: readonly KafkaMessage[] };

/**
 * The offsets from `from` up to, but without, `next` under which a batch has no message. A record that is not delivered is
 * one of a transaction; where there is no record, compaction has removed it.
 */
export function missingOffsets(
  batch: RawBatch,
  messages: readonly KafkaMessage[],
  from: number,
  next: number,
): MissingOffsets[] {
  const { partition } = batch;
  const first = messages[0];
  // Nearly always all are there.
  if (first !== undefined && Number(first.offset) === from && messages.length === next - from) return [];
  const delivered = new Set(messages.map(({ offset }) => Number(offset)));
  const raw = new Set((batch.rawMessages ?? []).map(({ offset }) => Number(offset)));
  const appendTimeMs = Number((messages.at(-1) ?? batch.rawMessages?.at(-1))?.timestamp ?? Date.now());
  const missing: MissingOffsets[] = [];
  for (let offset = from; offset < next; offset++) {
    if (delivered.has(offset)) continue;
    const kind = raw.has(offset) ? "transaction" : "compacted";
    const last = missing.at(-1);
    if (last !== undefined && last.kind === kind && last.to === offset) last.to = offset + 1;
    else missing.push({ partition, from: offset, to: offset + 1, kind, appendTimeMs });
  }
  return missing;
}
