import type { KafkaMessage } from "kafkajs";
import type { RecordRun, RunTicket } from "./group-types.ts";
import { type HeldMessages, holdMessages, readHeld } from "./held-messages.ts";
import { LazyRecord } from "./lazy-record.ts";
import type { OffsetTicket, OffsetTracker } from "./offset-tracker.ts";

/** The partition that runs belong to, as it was assigned. */
export type RunOwner = {
  partition: number;
  tracker: OffsetTracker;
  isCurrent: () => boolean;
  /** Called when a run is complete and the tracker knows it. */
  onComplete: () => void;
};

/** The messages in runs of at most `maxRecords`; the last one ends before the offset `next`. */
export function* cutIntoRuns(
  messages: readonly KafkaMessage[],
  next: number,
  maxRecords: number,
  owner: RunOwner,
): Generator<RecordRun> {
  let lastBatch: Buffer | undefined;
  for (let start = 0; start < messages.length; start += maxRecords) {
    const part = messages.slice(start, start + maxRecords);
    const records = part.map((message) => new LazyRecord(message));
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined) return;
    const isLastRun = start + part.length >= messages.length;
    const stretch = owner.tracker.track(isLastRun ? next : last.offset + 1);
    const held = holdMessages(part);
    // A batch that reaches over several runs is in memory once.
    const shared = held.batches[0] === lastBatch ? (lastBatch?.length ?? 0) : 0;
    lastBatch = held.batches.at(-1);
    const bytes = records.reduce((sum, record) => sum + record.bytes, 0);
    const heldBytes = held.batches.reduce((sum, batch) => sum + batch.length, held.loose.length > 0 ? bytes : -shared);
    const range = { first: first.offset, last: last.offset, heldBytes };
    yield { records, bytes, ticket: createTicket(owner, stretch, held, range) };
  }
}

/** Apart from the generator, or the ticket would keep all messages of the fetch alive. */
function createTicket(
  { partition, tracker, isCurrent, onComplete }: RunOwner,
  stretch: OffsetTicket,
  held: HeldMessages,
  range: Pick<RunTicket, "first" | "last" | "heldBytes">,
): RunTicket {
  return {
    ...range,
    partition,
    isCurrent,
    complete: () => {
      tracker.complete(stretch);
      onComplete();
    },
    read: (offsets) => readHeld(held, offsets),
  };
}
