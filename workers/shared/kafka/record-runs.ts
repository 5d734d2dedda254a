import type { KafkaMessage } from "kafkajs";
import type { OffsetTracker } from "../pipeline/offset-tracker.ts";
import type { RecordRun } from "./group-types.ts";
import { LazyRecord } from "./lazy-record.ts";

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
  { partition, tracker, isCurrent, onComplete }: RunOwner,
): Generator<RecordRun> {
  for (let start = 0; start < messages.length; start += maxRecords) {
    const records = messages.slice(start, start + maxRecords).map((message) => new LazyRecord(message));
    const last = records[records.length - 1];
    if (last === undefined) return;
    const isLastRun = start + records.length >= messages.length;
    const ticket = tracker.track(isLastRun ? next : last.offset + 1);
    yield {
      partition,
      records,
      bytes: records.reduce((sum, record) => sum + record.bytes, 0),
      isCurrent,
      complete: () => {
        tracker.complete(ticket);
        onComplete();
      },
    };
  }
}
