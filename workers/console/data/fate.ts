import type { LetterRow } from "../../shared/dead-letters/letters.ts";
import type { Clock } from "../../shared/runtime/clock.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import type { Reads } from "./reads.ts";

/** A letter that was put back, and where its message lies now. */
export type SentLetter = { letter: LetterRow; partition: number; offset: number };

/** What became of the message: an event, another dead letter, or not read yet. */
export type Fate = { kind: "stored" } | { kind: "refused"; errorClass: string; reason: string } | { kind: "waiting" };

const LOOK_MS = 250;

/** Looks for what became of the messages until all are known or the time is over. In the order of `sent`. */
export async function followSent(
  reads: Reads,
  topic: string,
  sent: readonly SentLetter[],
  { waitMs, clock }: { waitMs: number; clock: Clock },
): Promise<Fate[]> {
  const deadlineMs = clock.now() + waitMs;
  for (;;) {
    const fates = sent.length === 0 ? [] : await lookForSent(reads, topic, sent);
    if (fates.every(({ kind }) => kind !== "waiting") || clock.now() >= deadlineMs) return fates;
    await sleep(LOOK_MS);
  }
}

type Position = { p: number; o: string };
const nameOf = (partition: number, offset: number | string) => `${partition}/${offset}`;

async function lookForSent(reads: Reads, topic: string, sent: readonly SentLetter[]): Promise<Fate[]> {
  const offsets = sent.map(({ offset }) => offset);
  const [received, letters] = await Promise.all([
    reads.rows<Position>(
      "replay_received",
      `SELECT p, toString(arrayJoin(found)) AS o
       FROM (SELECT kafka_partition AS p,
         bitmapToArray(bitmapAnd(groupBitmapMergeState(offsets), bitmapBuild({offsets:Array(UInt64)}))) AS found
         FROM received_offsets WHERE append_hour >= toStartOfHour(now('UTC')) - INTERVAL 1 HOUR GROUP BY kafka_partition)`,
      { offsets },
    ),
    reads.rows<Position & { error_class: string; reason: string }>(
      "replay_refused",
      `SELECT kafka_partition AS p, toString(kafka_offset) AS o, error_class, reason FROM dead_letters_raw
       WHERE topic = {topic:String} AND kafka_offset IN {offsets:Array(UInt64)}
         AND stored_at >= now64(3, 'UTC') - INTERVAL 1 HOUR`,
      { topic, offsets },
    ),
  ]);
  const stored = new Set(received.map(({ p, o }) => nameOf(p, o)));
  const refused = new Map(letters.map((row) => [nameOf(row.p, row.o), row]));
  return sent.map(({ partition, offset }): Fate => {
    const name = nameOf(partition, offset);
    const letter = refused.get(name);
    if (letter !== undefined) return { kind: "refused", errorClass: letter.error_class, reason: letter.reason };
    return { kind: stored.has(name) ? "stored" : "waiting" };
  });
}
