import type { DeadLetterClass } from "../../shared/event/index.ts";
import type { KafkaMessage } from "../../shared/kafka/client.ts";
import type { Gap } from "../../shared/kafka/fetched-records.ts";
import { HEADERS } from "../../shared/kafka/headers.ts";
import type { PartitionRange } from "../../shared/kafka/topic-reader.ts";
import type { Services } from "../cli/services.ts";
import type { AuditVerdict } from "./contract.ts";
import { createJudge } from "./judge.ts";
import { firstHeader } from "./paths.ts";
import { createProgress } from "./progress.ts";
import { contentHash, groupHash, moneyOf, RECORD_BYTES, SIDE, writeRecord } from "./record.ts";
import type { Spill } from "./spill.ts";
import type { VerdictMap } from "./verdict-map.ts";

/** What reading the topic yields besides the records. */
export type TopicSide = {
  messages: number;
  valid: number;
  refused: Map<DeadLetterClass, number>;
  /** Valid events whose minute the raw retention has dropped from the store: not compared. */
  expired: number;
  /** Offsets without a message that could be read, by partition. */
  gaps: Map<number, Gap[]>;
  /** Append time of the first message, Unix ms; of the snapshot for an empty topic. */
  firstAppendMs: number;
  /** Names of group hashes and of currency hashes. */
  groups: Map<bigint, string>;
  currencies: Map<bigint, string>;
  /** Sum of xxHash64 of the refused payloads per partition, modulo 2^64. */
  payloadSums: Map<number, bigint>;
};

export type TopicInput = {
  ranges: readonly PartitionRange[];
  snapshotMs: number;
  /** Event minutes before this (Unix ms) are not in the store any more. */
  horizonMs: number;
};

/** Reads the ranges, judges every message and spills the records of the valid ones. */
export async function readTopicSide(
  services: Services,
  input: TopicInput,
  out: { spill: Spill; verdicts: VerdictMap },
): Promise<TopicSide> {
  const { config, io } = services;
  const judge = createJudge(services);
  const side: TopicSide = {
    messages: 0,
    valid: 0,
    refused: new Map(),
    expired: 0,
    gaps: new Map(),
    firstAppendMs: input.snapshotMs,
    groups: new Map(),
    currencies: new Map(),
    payloadSums: new Map(),
  };
  const spillEvent = createSpiller(side, out.spill);
  const total = input.ranges.reduce((sum, { from, end }) => sum + end - from, 0);
  const progress = createProgress(io, "reading the topic", total);
  for (const range of input.ranges) {
    const { partition } = range;
    await services.log.read(config.KAFKA_EVENTS_TOPIC, range, {
      signal: io.signal,
      onMessages: (messages) => {
        for (const message of messages) {
          const appendMs = Number(message.timestamp);
          const offset = Number(message.offset);
          const verdict = judge(message.value, appendMs, message.headers);
          side.messages++;
          side.firstAppendMs = Math.min(side.firstAppendMs, appendMs);
          out.verdicts.note(partition, offset, verdict.ok ? undefined : verdict.errorClass);
          if (!verdict.ok) noteRefused(side, partition, verdict.errorClass, message.value);
          else if (verdict.event.timeMs < input.horizonMs) side.expired++;
          else spillEvent(verdict, partition, { offset, appendMs, message });
        }
        progress.add(messages.length);
      },
      onGap: (gap) => {
        const gaps = side.gaps.get(partition) ?? [];
        gaps.push(gap);
        side.gaps.set(partition, gaps);
      },
    });
  }
  progress.end();
  return side;
}

function noteRefused(side: TopicSide, partition: number, errorClass: DeadLetterClass, value: Uint8Array | null): void {
  side.refused.set(errorClass, (side.refused.get(errorClass) ?? 0) + 1);
  const hash = Bun.hash.xxHash64(value ?? new Uint8Array());
  side.payloadSums.set(partition, BigInt.asUintN(64, (side.payloadSums.get(partition) ?? 0n) + hash));
}

type Place = { offset: number; appendMs: number; message: KafkaMessage };

function createSpiller(side: TopicSide, spill: Spill) {
  const view = new DataView(new ArrayBuffer(RECORD_BYTES));
  // Hashing a short text costs more than looking it up; there are few groups and currencies.
  const groupHashes = new Map<string, bigint>();
  const currencyHashes = new Map<string, bigint>();
  const groupOf = (source: string, type: string) => {
    const name = `${source} ${type}`;
    let hash = groupHashes.get(name);
    if (hash === undefined) {
      hash = groupHash(source, type);
      groupHashes.set(name, hash);
      side.groups.set(hash, name);
    }
    return hash;
  };
  const currencyOf = (currency: string) => {
    let hash = currencyHashes.get(currency);
    if (hash === undefined) {
      hash = Bun.hash.xxHash64(currency);
      currencyHashes.set(currency, hash);
      side.currencies.set(hash, currency);
    }
    return hash;
  };
  return ({ event }: Extract<AuditVerdict, { ok: true }>, partition: number, { offset, appendMs, message }: Place) => {
    side.valid++;
    const { amountE4, currency } = moneyOf(event.columns);
    const producer = firstHeader(message.headers, HEADERS.producer) ?? "";
    writeRecord(view, 0, SIDE.topic, {
      id: event.id,
      timeMs: event.timeMs,
      key: groupOf(event.source, event.type),
      amountE4,
      currency: currencyOf(currency),
      identity: Bun.hash.xxHash64(`${event.userId}\0${event.sessionId}`),
      partition,
      offset,
      appendMs,
      content: contentHash({ ...event, producer, sizeBytes: message.value?.length ?? 0 }),
    });
    spill.add(view, 0);
  };
}
