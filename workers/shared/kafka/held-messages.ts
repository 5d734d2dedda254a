import type { KafkaMessage } from "kafkajs";
import Decoder from "kafkajs/src/protocol/decoder";
import decodeBatch from "kafkajs/src/protocol/recordBatch/v0/decoder";
import type { KafkaRecord } from "./group-types.ts";
import { LazyRecord } from "./lazy-record.ts";

/** What the patched client adds to a message: the record batch in which it was fetched, as it came. */
type FetchedMessage = KafkaMessage & { readonly batchContext?: { readonly encoded: Buffer } };

/** Fetched messages in the form that costs least to keep. */
export type HeldMessages = {
  /** Record batches, compressed if they came so. */
  readonly batches: readonly Buffer[];
  /** Messages of the format before Kafka 0.11, which are in no batch. */
  readonly loose: readonly KafkaMessage[];
};

/** How to get at consecutive messages again when they are not kept themselves. */
export function holdMessages(messages: readonly KafkaMessage[]): HeldMessages {
  const batches: Buffer[] = [];
  const loose: KafkaMessage[] = [];
  for (const message of messages) {
    const encoded = (message as FetchedMessage).batchContext?.encoded;
    if (encoded === undefined) loose.push(message);
    else if (encoded !== batches.at(-1)) batches.push(encoded);
  }
  return { batches, loose };
}

/** Reads some of the messages again, in order. @throws RangeError for an offset that is not among them. */
export async function readHeld({ batches, loose }: HeldMessages, offsets: Iterable<number>): Promise<KafkaRecord[]> {
  const wanted = new Set(offsets);
  const found: KafkaRecord[] = [];
  const pick = (messages: readonly KafkaMessage[]) => {
    for (const message of messages) if (wanted.delete(Number(message.offset))) found.push(new LazyRecord(message));
  };
  pick(loose);
  for (const bytes of batches) pick((await decodeBatch(new Decoder(bytes))).records);
  if (wanted.size > 0) throw new RangeError(`offsets ${[...wanted].slice(0, 5)} are not among the held messages`);
  return found;
}
