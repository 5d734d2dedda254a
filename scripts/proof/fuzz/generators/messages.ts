import fc from "fast-check";
import type { DeadLetterClass } from "../../../../workers/shared/event/index.ts";
import { damaged, nearlyValid, uuid, validEvent, validMembers, writeObject } from "./events.ts";

/** One raw Kafka message. */
export type FuzzMessage = {
  /** Which generator made it. */
  readonly kind: string;
  readonly value: Buffer | null;
  readonly key: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[]>>;
  /** What must become of it, where its making leaves no doubt; the oracle has an opinion on all. */
  readonly known: DeadLetterClass | "stored" | undefined;
};

const DAY_MS = 86_400_000;

type Body = Pick<FuzzMessage, "kind" | "value" | "known">;
type Known = FuzzMessage["known"];

const body =
  (kind: string, known: Known) =>
  (value: string | Buffer | null): Body => ({
    kind,
    known,
    value: value === null ? null : Buffer.from(value),
  });

/** Two halves of a byte sequence that is no UTF-8, with what stands between. */
const NOT_UTF8 = ["ff", "fe", "c0af", "c328", "eda080", "edb080", "f4908080", "f8a1a1a1a1", "80", "e28228"];

/** All kinds of messages around `baseMs`. Large ones are rare, since each takes as long as thousands of others, or left out. */
export function messages(baseMs: number, { large }: { large: boolean }): fc.Arbitrary<FuzzMessage> {
  const valid = validEvent(baseMs);
  const members = validMembers(baseMs);
  const part = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const withExtra = (extra: fc.Arbitrary<[string, string]>) =>
    fc.tuple(members, extra).map(([list, added]) => writeObject([...list, added]));
  const bodies: fc.WeightedArbitrary<Body>[] = [
    { weight: 400, arbitrary: valid.map(body("valid", "stored")) },
    { weight: 10, arbitrary: fc.constant(null).map(body("tombstone", "empty")) },
    { weight: 10, arbitrary: fc.constant("").map(body("empty", "empty")) },
    { weight: 10, arbitrary: fc.constantFrom(" ", "\n\n", "\t ").map(body("white space", "malformed_json")) },
    {
      weight: 30,
      arbitrary: fc
        .tuple(valid, part)
        .map(([text, at]) =>
          text.slice(0, 1 + Math.floor(at * text.lastIndexOf("}")) || 1).slice(0, text.lastIndexOf("}")),
        )
        .map(body("truncated", "malformed_json")),
    },
    { weight: 10, arbitrary: valid.map((text) => `\uFEFF${text}`).map(body("byte order mark", "malformed_json")) },
    { weight: 10, arbitrary: valid.map((text) => Buffer.from(text, "utf16le")).map(body("UTF-16", undefined)) },
    {
      weight: 30,
      arbitrary: fc
        .tuple(valid, part, fc.constantFrom(...NOT_UTF8))
        .map(notUtf8)
        .map(body("invalid UTF-8", "malformed_json")),
    },
    {
      weight: 10,
      arbitrary: fc
        .tuple(valid, part)
        .map(([text, at]) => splice(Buffer.from(text), at, Buffer.alloc(1)))
        .map(body("NUL byte", "malformed_json")),
    },
    {
      weight: 10,
      arbitrary: fc
        .tuple(valid, valid)
        .map(([a, b]) => `${a}\n${b}`)
        .map(body("two events", "malformed_json")),
    },
    { weight: 10, arbitrary: valid.map((text) => `[${text}]`).map(body("array", "schema")) },
    { weight: 10, arbitrary: valid.map((text) => JSON.stringify(text)).map(body("quoted", "schema")) },
    { weight: 20, arbitrary: fc.json().map(body("any JSON", undefined)) },
    {
      weight: 20,
      arbitrary: fc
        .uint8Array({ maxLength: 300 })
        .map((bytes) => Buffer.from(bytes))
        .map(body("any bytes", undefined)),
    },
    { weight: 250, arbitrary: nearlyValid(baseMs).map(body("wrong members", undefined)) },
    { weight: 150, arbitrary: damaged(valid.map((text) => Buffer.from(text))).map(body("damaged", undefined)) },
    { weight: 10, arbitrary: withExtra(depth(4_000)).map(body("deep", undefined)) },
    {
      weight: 20,
      arbitrary: outOfTime(baseMs, -400 * DAY_MS, -31 * DAY_MS).map(body("out of time", "too_old")),
    },
    {
      weight: 20,
      arbitrary: outOfTime(baseMs, 3_600_000, 20_000 * DAY_MS).map(body("out of time", "in_future")),
    },
    { weight: 5, arbitrary: withExtra(manyMembers).map(body("many fields", "stored")) },
  ];
  const bulky: fc.WeightedArbitrary<Body>[] = [
    {
      weight: 1,
      arbitrary: fc
        .tuple(members, fc.integer({ min: 1, max: 240_000 }))
        .map(wrongItems)
        .map(body("many wrong items", "schema")),
    },
    { weight: 1, arbitrary: withExtra(depth(450_000)).map(body("depth bomb", undefined)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(members, fc.integer({ min: -2, max: 2 }))
        .map(([list, over]) => padded(list, 1_000_000 + over))
        .map(body("1 MB", undefined)),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(members, fc.constantFrom(1_048_000, 1_048_588, 2_500_000))
        .map(([list, size]) => padded(list, size))
        .map(body("over the limit", "too_large")),
    },
  ];
  const all = large ? [...bodies, ...bulky] : bodies;
  return fc.tuple(fc.oneof(...all), keys, headers).map(([made, key, own]) => ({ ...made, key, headers: own }));
}

/** A valid event but for the time at which it claims to have happened, so many ms from `baseMs`. */
function outOfTime(baseMs: number, fromMs: number, toMs: number): fc.Arbitrary<string> {
  return fc
    .tuple(validMembers(baseMs), fc.noBias(fc.integer({ min: fromMs / 1000, max: toMs / 1000 })))
    .map(([list, shiftS]) => {
      const time = JSON.stringify(new Date(baseMs + shiftS * 1000).toISOString());
      return writeObject(list.map(([key, value]) => [key, key === "event_time" ? time : value]));
    });
}

/** A ticket with so many numbers that are none: each of them is something to complain about. */
function wrongItems([list, count]: [string[][], number]): string {
  const common = list.filter(([key = ""]) => key.endsWith("_id") || key.endsWith("_time"));
  const numbers = Array.from({ length: count }, () => '""').join(",");
  return writeObject([
    ...common.map(([key = "", value = ""]): [string, string] => [key, value]),
    ["source", '"lottery"'],
    ["event_type", '"ticket_purchased"'],
    ["payload", `{"amount":1,"currency":"EUR","numbers":[${numbers}]}`],
  ]);
}

function splice(bytes: Buffer, at: number, inserted: Buffer): Buffer {
  const index = Math.floor(at * bytes.length);
  return Buffer.concat([bytes.subarray(0, index), inserted, bytes.subarray(index)]);
}

function notUtf8([text, at, hex]: [string, number, string]): Buffer {
  const bytes = Buffer.from(text);
  // Between two ASCII characters, so that nothing around completes the sequence.
  const index = bytes.indexOf(0x22, Math.floor(at * bytes.lastIndexOf(0x22)));
  return Buffer.concat([bytes.subarray(0, index + 1), Buffer.from(hex, "hex"), bytes.subarray(index + 1)]);
}

function depth(levels: number): fc.Arbitrary<[string, string]> {
  const forms = [
    (n: number) => "[".repeat(n) + "]".repeat(n),
    (n: number) => `${'{"a":'.repeat(n / 4)}1${"}".repeat(n / 4)}`,
    (n: number) => "[".repeat(n),
    (n: number) => `${"[".repeat(n)}${"]".repeat(n - 1)}`,
  ];
  return fc
    .tuple(fc.constantFrom(...forms), fc.integer({ min: 1, max: levels / 8 }), fc.constantFrom("deep", "payload"))
    .map(([form, n, name]) => [name, form(n * 8)]);
}

const manyMembers: fc.Arbitrary<[string, string]> = fc.integer({ min: 20, max: 2_000 }).map((count) => [
  "n0",
  Array.from({ length: count }, (_, i) => `${i},"n${i + 1}":`)
    .join("")
    .concat("null"),
]);

/** An event of exactly so many bytes. */
function padded(list: [string, string][], bytes: number): Buffer {
  const empty = Buffer.byteLength(writeObject([...list, ["pad", '""']]));
  return Buffer.from(writeObject([...list, ["pad", JSON.stringify(fill(bytes - empty))]]));
}

/** So many letters that hardly compress, always the same: a dead letter of them is more than the broker takes. */
function fill(letters: number): string {
  const bytes = Buffer.alloc(letters);
  let state = 12_345;
  for (let i = 0; i < letters; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = 0x41 + ((state >>> 16) % 57);
    if (bytes[i] === 0x5c) bytes[i] = 0x30;
  }
  return bytes.toString("latin1");
}

const keys = fc.oneof(
  fc.constant(null),
  fc.constant(Buffer.from("hot")),
  fc.constant(Buffer.alloc(0)),
  uuid.map((id) => Buffer.from(id)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);

const headerValue = fc.oneof(
  fc.constantFrom("", "x", "é", "instance-1"),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
);
const headerName = fc.constantFrom(
  ...[
    "trace",
    "producer-instance",
    "dead-letter-class",
    "origin-offset",
    "replay-of",
    "constructor",
    "__proto__",
    "toString",
    "é",
    "",
  ],
);
const headers = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  fc
    .array(fc.tuple(headerName, fc.oneof(headerValue, fc.array(headerValue, { minLength: 1, maxLength: 3 }))), {
      maxLength: 3,
    })
    .map((entries) => Object.fromEntries(entries)),
);
