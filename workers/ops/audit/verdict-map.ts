import { DEAD_LETTER_CLASSES, type DeadLetterClass } from "../../shared/event/index.ts";
import type { PartitionRange } from "../../shared/kafka/topic-reader.ts";

/** One byte for every offset the audit reads: what it holds by the audit's own judgement, and what the store says of it. */

const HOLE = 0;
const VALID = 1;
/** Class codes start here, in the order of DEAD_LETTER_CLASSES. */
const FIRST_CLASS = 2;
const CODE_MASK = 0x3f;
/** The store has a dead letter for the offset. */
const LETTER = 0x80;

const CLASS_CODES = new Map<string, number>(DEAD_LETTER_CLASSES.map((name, i) => [name, FIRST_CLASS + i]));

/** What a dead letter of the store turned out to be; `matches` and `rejected` are no defects. */
export type LetterFinding =
  | { kind: "matches" }
  | { kind: "rejected" }
  /** The offset holds a valid event. */
  | { kind: "valid_event" }
  | { kind: "wrong_class"; expected: DeadLetterClass }
  | { kind: "second_letter" }
  | { kind: "nothing_there" };

export type VerdictMap = {
  /** Notes the audit's verdict about an offset: valid, or the class it should be refused with. */
  note(partition: number, offset: number, refused: DeadLetterClass | undefined): void;
  /** Notes a dead letter of the store and says what it is. */
  noteLetter(partition: number, offset: number, errorClass: string): LetterFinding;
  /** Offsets that must be dead letters and are not. */
  missingLetters(): Generator<{ partition: number; offset: number; errorClass: DeadLetterClass }>;
};

/** @param ranges what the audit reads; takes one byte of memory an offset. */
export function createVerdictMap(ranges: readonly PartitionRange[]): VerdictMap {
  const maps = new Map(
    ranges.map((range) => [range.partition, { from: range.from, codes: new Uint8Array(range.end - range.from) }]),
  );
  return {
    note(partition, offset, refused) {
      const map = maps.get(partition);
      if (map === undefined) return;
      map.codes[offset - map.from] = refused === undefined ? VALID : (CLASS_CODES.get(refused) ?? VALID);
    },
    noteLetter(partition, offset, errorClass) {
      const map = maps.get(partition);
      const code = map?.codes[offset - map.from];
      if (map === undefined || code === undefined || code === HOLE) return { kind: "nothing_there" };
      map.codes[offset - map.from] = code | LETTER;
      if ((code & LETTER) !== 0) return { kind: "second_letter" };
      if (code === VALID) return errorClass === "rejected_by_store" ? { kind: "rejected" } : { kind: "valid_event" };
      const expected = DEAD_LETTER_CLASSES[code - FIRST_CLASS];
      return expected === undefined || expected === errorClass
        ? { kind: "matches" }
        : { kind: "wrong_class", expected };
    },
    *missingLetters() {
      for (const [partition, { from, codes }] of maps) {
        for (let i = 0; i < codes.length; i++) {
          const code = codes[i] ?? HOLE;
          if (code < FIRST_CLASS || (code & LETTER) !== 0) continue;
          const errorClass = DEAD_LETTER_CLASSES[(code & CODE_MASK) - FIRST_CLASS];
          if (errorClass !== undefined) yield { partition, offset: from + i, errorClass };
        }
      }
    },
  };
}
