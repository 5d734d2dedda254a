import fc from "fast-check";
import { createSimulator, SIMULATOR_DEFAULTS } from "../../../workers/producer/sources/simulate/index.ts";
import type { KafkaRecord } from "../../../workers/shared/kafka/group-types.ts";
import { TRICKY, writeObject } from "../fuzz/generators/events.ts";
import { messages } from "../fuzz/generators/messages.ts";

/** A message of the corpus, where in the topic it lies, and what made it. */
export type CorpusMessage = { readonly record: KafkaRecord; readonly partition: number; readonly made: string };

/** When the corpus happens, Unix ms: a fixed day, so that every run has the same bytes. */
export const CORPUS_MS = Date.UTC(2026, 10, 20, 12);
const PARTITIONS = 3;
const SIMULATED = { seed: "golden", count: 40_000, ratePerSecond: 100 };
const FUZZED = 10_000;

type Headers = KafkaRecord["headers"];
/** What producers put there, and what they should not: consecutive messages share the object, as in a record batch. */
const HEADERS: readonly Headers[] = [
  {},
  { "producer-instance": Buffer.from("instance-1") },
  { "producer-instance": [Buffer.from("first"), Buffer.from("second")], trace: Buffer.from("t") },
  { "producer-instance": Buffer.alloc(0) },
  { ce_specversion: Buffer.from("1.0"), "producer-instance": Buffer.from("é") },
];
/** Messages that follow each other with the same headers. */
const SAME_HEADERS = 7;

/** Spellings of a moment: those of the contract, and those of the field that it may come to take. */
const TIMES: readonly string[] = [
  ...["2026-11-20T11:59:00Z", "2026-11-20T11:59Z", "2026-11-20T11:59:00z", "2026-11-20t11:59:00Z"],
  ...["2026-11-20 11:59:00Z", "2026-11-20T11:59:00,250Z", "2026-11-20T11:59:00.25Z", "2026-11-20T11:59:00.123456789Z"],
  ...["2026-11-20T11:59:00.1234567891Z", "2026-11-20T11:59:00.123456789012Z", "2026-11-20T11:59:00."],
  ...["2026-11-20T17:29:00+05:30", "2026-11-20T17:29:00+0530", "2026-11-20T16:59:00+05", "2026-11-20T06:59:00-05:00"],
  ...["2026-11-20T11:59:00", "2026-11-20", "2026-11-20T11:59:60Z", "2026-11-20T24:00:00Z", "26-11-20T11:59:00Z"],
  ...["2026-11-20T11:59:00[UTC]", "2026-11-20T11:59:00Z[UTC]", "2026-11-20T11:59:00 Z", " 2026-11-20T11:59:00Z"],
  ...["20261120T115900Z", "2026-324T11:59:00Z", "2026-11-20T11:59:00-00:00", "2026-11-20T11:59:00+24:00"],
];

/** So many messages of simulated sources from {@link CORPUS_MS} on. */
export function simulated({ seed, count, ratePerSecond }: typeof SIMULATED): CorpusMessage[] {
  const simulator = createSimulator({
    ...SIMULATOR_DEFAULTS,
    seed,
    instanceId: "a",
    startTimeMs: CORPUS_MS,
    rhythm: { ratePerSecond },
    duplicateShare: 0.1,
    malformedShare: 0.05,
  });
  return Array.from({ length: count }, (_, index) => {
    const send = simulator.next();
    if (send === undefined) throw new RangeError("the simulator has ended");
    const value = send.value === null ? null : Buffer.from(send.value);
    const made = send.kind === "malformed" ? send.variant : `${send.source}/${send.eventType}, ${send.kind}`;
    return place(index, { value, appendTimeMs: send.sendAtMs + (index % 40), key: Buffer.from(send.key) }, made);
  });
}

const fuzzed = (from: number): CorpusMessage[] =>
  fc
    .sample(messages(CORPUS_MS, { large: false }), { seed: 16, numRuns: FUZZED })
    .map(({ kind, value, key }, i) => place(from + i, { value, appendTimeMs: CORPUS_MS, key }, kind));

/** Every tricky value and every spelling of a time at every place of an event where it could be read. */
function spelled(from: number): CorpusMessage[] {
  const event: Readonly<Record<string, string>> = {
    event_id: '"7F1D0000-1111-4222-8333-444455556666"',
    user_id: '"u"',
    event_type: '"purchase"',
    event_time: '"2026-11-20T11:58:00Z"',
    received_time: '"2026-11-20T11:58:01.5Z"',
    session_id: '"s"',
    source: '"web"',
    extra: "[1.0]",
  };
  const payload: Readonly<Record<string, string>> = { amount: '"1.50"', currency: '"EUR"', items: "2" };
  const times = TIMES.map((time) => JSON.stringify(time));
  const write = (top: Readonly<Record<string, string>>, inner: Readonly<Record<string, string>>) =>
    writeObject([...Object.entries(top), ["payload", writeObject(Object.entries(inner))]]);
  const atTop = Object.keys(event).flatMap((name) =>
    [...TRICKY, ...times].map((text) => ({
      made: `${name}: ${text}`,
      text: write({ ...event, [name]: text }, payload),
    })),
  );
  const inPayload = Object.keys(payload).flatMap((name) =>
    TRICKY.map((text) => ({ made: `payload.${name}: ${text}`, text: write(event, { ...payload, [name]: text }) })),
  );
  return [...atTop, ...inPayload].map(({ made, text }, i) =>
    place(from + i, { value: Buffer.from(text), appendTimeMs: CORPUS_MS, key: null }, made),
  );
}

function place(
  index: number,
  message: Pick<KafkaRecord, "value" | "appendTimeMs" | "key">,
  made: string,
): CorpusMessage {
  const headers = HEADERS[Math.floor(index / SAME_HEADERS) % HEADERS.length] ?? {};
  return { record: { ...message, headers, offset: index }, partition: index % PARTITIONS, made };
}

/**
 * The fixed messages by which what the pipeline makes of its input today is remembered: simulated ones of every type and
 * every broken variant, late and sent again; fuzzed ones; and tricky spellings at every place. A change of the generators
 * changes the corpus, and with it every golden value.
 */
export function corpus(): readonly CorpusMessage[] {
  const first = simulated(SIMULATED);
  const second = fuzzed(first.length);
  return [...first, ...second, ...spelled(first.length + second.length)];
}
