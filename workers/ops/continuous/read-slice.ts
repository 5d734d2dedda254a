import type { DeadLetterClass } from "../../shared/event/index.ts";
import type { KafkaMessage } from "../../shared/kafka/client.ts";
import type { Gap } from "../../shared/kafka/fetched-records.ts";
import { HEADERS } from "../../shared/kafka/headers.ts";
import type { Judge } from "../audit/contract.ts";
import { firstHeader } from "../audit/paths.ts";
import {
  AT,
  contentHash,
  groupHash,
  moneyOf,
  RECORD_BYTES,
  readId,
  readSafe,
  SIDE,
  writeRecord,
} from "../audit/record.ts";
import type { Services } from "../cli/services.ts";
import type { Anchor } from "./progress.ts";

/** What the topic holds in a few thousand offsets of one partition, judged by the audit's own reading of the contract. */
export type Slice = {
  partition: number;
  from: number;
  to: number;
  /** Records of the valid events, see audit/record.ts, and their byte positions by offset. */
  view: DataView;
  at: Map<number, number>;
  refused: Map<number, { errorClass: DeadLetterClass; hash: bigint }>;
  gaps: Gap[];
  /** Append times of the first and the last message, Unix ms; undefined when there is none. */
  appended: { firstMs: number; lastMs: number } | undefined;
  anchor: Anchor | undefined;
  /** False: the topic holds something else where the last proof ended. */
  sameTopic: boolean;
};

const hashOf = (value: Uint8Array | null) => Bun.hash.xxHash64(value ?? new Uint8Array());

/** Reads [from, to), and the message at which the last proof ended once more. */
export async function readSlice(
  { config, log, io }: Services,
  judge: Judge,
  range: { partition: number; from: number; to: number },
  anchor: Anchor | undefined,
): Promise<Slice> {
  const { partition, from, to } = range;
  const slice: Slice = {
    ...range,
    view: new DataView(new ArrayBuffer((to - from) * RECORD_BYTES)),
    at: new Map(),
    refused: new Map(),
    gaps: [],
    appended: undefined,
    anchor,
    sameTopic: anchor === undefined,
  };
  await log.read(
    config.KAFKA_EVENTS_TOPIC,
    { partition, from: anchor?.offset ?? from, end: to },
    {
      signal: io.signal,
      onMessages: (messages) => {
        for (const message of messages) {
          if (Number(message.offset) >= from) noteMessage(slice, judge, message);
          else if (anchor !== undefined && Number(message.offset) === anchor.offset)
            slice.sameTopic = Number(message.timestamp) === anchor.appendMs && hashOf(message.value) === anchor.hash;
        }
      },
      onGap: (gap) => {
        if (gap.to > from) slice.gaps.push({ ...gap, from: Math.max(gap.from, from) });
        // Retention or compaction may have removed it since.
        else if (anchor !== undefined && gap.from <= anchor.offset && gap.kind !== "transaction")
          slice.sameTopic = true;
      },
    },
  );
  return slice;
}

function noteMessage(slice: Slice, judge: Judge, message: KafkaMessage): void {
  const offset = Number(message.offset);
  const appendMs = Number(message.timestamp);
  const verdict = judge(message.value, appendMs, message.headers);
  slice.appended ??= { firstMs: appendMs, lastMs: appendMs };
  slice.appended.firstMs = Math.min(slice.appended.firstMs, appendMs);
  slice.appended.lastMs = Math.max(slice.appended.lastMs, appendMs);
  slice.anchor = { offset, appendMs, hash: hashOf(message.value) };
  if (!verdict.ok) {
    slice.refused.set(offset, { errorClass: verdict.errorClass, hash: slice.anchor.hash });
    return;
  }
  const { event } = verdict;
  const at = slice.at.size * RECORD_BYTES;
  slice.at.set(offset, at);
  const producer = firstHeader(message.headers, HEADERS.producer) ?? "";
  const { amountE4, currency } = moneyOf(event.columns);
  writeRecord(slice.view, at, SIDE.topic, {
    id: event.id,
    timeMs: event.timeMs,
    key: groupHash(event.source, event.type),
    amountE4,
    currency: Bun.hash.xxHash64(currency),
    identity: Bun.hash.xxHash64(`${event.userId}\0${event.sessionId}`),
    partition: slice.partition,
    offset,
    appendMs,
    content: contentHash({ ...event, producer, sizeBytes: message.value?.length ?? 0 }),
  });
}

/** Event time (Unix ms), event minute (Unix s), place and identity of the event whose record lies at a byte position. */
export const timeOf = ({ view }: Slice, at: number) => readSafe(view, at + AT.timeMs);
export const minuteOf = (slice: Slice, at: number) => Math.floor(timeOf(slice, at) / 60_000) * 60;
export const placeOf = ({ view, partition }: Slice, offset: number, at: number) => [
  readSafe(view, at + AT.appendMs),
  partition,
  offset,
];
export const keyText = (slice: Slice, at: number) =>
  `${readId(slice.view, at)} ${minuteOf(slice, at)} ${slice.view.getBigUint64(at + AT.key, true)}`;
