import { HEADERS } from "../../../workers/shared/kafka/headers.ts";
import { readTopic } from "../../../workers/shared/kafka/topic-reader.ts";
import type { FuzzMessage } from "./generators/messages.ts";
import type { Target } from "./kafka-target.ts";
import { DEFAULT_LIMITS, type Expected, isDeep, opinionOn, plainDecimal } from "./oracle.ts";
import { show, type Tally } from "./progress.ts";

/** A message as it was sent, and where it lies. */
export type Sent = { readonly message: FuzzMessage; readonly partition: number; readonly offset: number };
/** Offsets of every partition, from inclusive, end exclusive. */
export type Ranges = readonly { partition: number; from: number; end: number }[];

type StoredRow = {
  readonly event_id: string;
  readonly user_id: string;
  readonly source: string;
  readonly event_type: string;
  readonly event_ms: string;
  readonly received_ms: string;
  readonly session_id: string;
  readonly amount: string;
  readonly currency: string;
  readonly payload: string;
  readonly extra: string;
  readonly size_bytes: number;
  readonly kafka_partition: number;
  readonly kafka_offset: string;
};
type LetterRow = {
  readonly kafka_partition: number;
  readonly kafka_offset: string;
  readonly error_class: string;
  readonly payload_md5: string;
  readonly key_md5: string;
};
type Letter = {
  readonly errorClass: string;
  readonly value: Buffer | null;
  readonly key: Buffer | null;
  readonly omitted: string;
  readonly headers: Readonly<Record<string, unknown>>;
};

const OUR_HEADERS = new Set<string>(
  Object.values(HEADERS).filter((name) => name !== HEADERS.producer && name !== HEADERS.replayOf),
);

const place = (partition: number, offset: number | string) => `${partition}/${offset}`;
const md5 = (bytes: Buffer | null) => new Bun.CryptoHasher("md5").update(bytes ?? "").digest("hex");

/** What became of the messages of one round: everything that is not as the oracle says, one line each. */
export class RoundCheck {
  readonly failures: string[] = [];
  readonly #target: Target;
  readonly #ranges: Ranges;
  readonly #tally: Tally;

  constructor(target: Target, ranges: Ranges, tally: Tally) {
    this.#target = target;
    this.#ranges = ranges;
    this.#tally = tally;
  }

  async run(sent: readonly Sent[]): Promise<void> {
    const [appended, letters, rows, letterRows] = await Promise.all([
      this.#appendTimes(sent),
      this.#readLetters(),
      this.#readRows(),
      this.#readLetterRows(),
    ]);
    const expected: { sent: Sent; event: Expected; appendTimeMs: number }[] = [];
    for (const one of sent) {
      const id = place(one.partition, one.offset);
      const appendTimeMs = appended.get(id) ?? 0;
      const opinion = opinionOn(one.message.value, appendTimeMs, DEFAULT_LIMITS);
      const verdict = opinion.ok ? "stored" : opinion.errorClass;
      this.#tally.add(verdict);
      const { known } = one.message;
      if (known !== undefined && known !== verdict)
        this.#fail(one, `the generator knows ${known}, the oracle says ${verdict}`);
      if (opinion.ok) {
        if (letterRows.has(id) || letters.has(id))
          this.#fail(one, `is a dead letter: ${letterRows.get(id)?.error_class}`);
        expected.push({ sent: one, event: opinion.event, appendTimeMs });
        continue;
      }
      if (rows.has(id)) this.#fail(one, `is stored, and should be ${verdict}`);
      this.#checkLetter(one, verdict, letters.get(id), letterRows.get(id));
    }
    this.#checkRows(expected, rows);
  }

  /** Of the copies of an event the one that was appended first stays. */
  #checkRows(expected: { sent: Sent; event: Expected; appendTimeMs: number }[], rows: Map<string, StoredRow>): void {
    const first = new Map<string, (typeof expected)[number]>();
    const rank = (one: (typeof expected)[number]) => [one.appendTimeMs, one.sent.partition, one.sent.offset] as const;
    for (const one of expected) {
      const { eventTimeMs, source, eventType, eventId } = one.event;
      const identity = [Math.floor(eventTimeMs / 60_000), source, eventType, eventId].join("|");
      const other = first.get(identity);
      if (other === undefined || isBefore(rank(one), rank(other))) first.set(identity, one);
    }
    this.#tally.add("copies", expected.length - first.size);
    for (const { sent, event } of first.values()) {
      const id = place(sent.partition, sent.offset);
      const row = rows.get(id);
      if (row === undefined) this.#fail(sent, "is not stored");
      else this.#checkRow(sent, event, row);
      rows.delete(id);
    }
    for (const id of rows.keys()) this.failures.push(`${id}: a row that nobody expects`);
  }

  #checkRow(sent: Sent, event: Expected, row: StoredRow): void {
    const value = sent.message.value ?? Buffer.alloc(0);
    const text = value.toString("utf8");
    if (!text.includes(row.payload)) this.#fail(sent, "its payload is not stored as it was sent");
    if (row.size_bytes !== value.length) this.#fail(sent, `is stored as ${row.size_bytes} bytes`);
    if (isDeep(text)) return;
    const found: Expected = {
      eventId: row.event_id,
      userId: row.user_id,
      source: row.source,
      eventType: row.event_type,
      eventTimeMs: Number(row.event_ms),
      receivedTimeMs: Number(row.received_ms),
      sessionId: row.session_id,
      amount: plainDecimal(row.amount),
      currency: row.currency,
      payload: row.payload === "" ? undefined : JSON.parse(row.payload),
      extra: JSON.parse(row.extra || "{}"),
    };
    if (Bun.deepEquals(found, { ...event, amount: plainDecimal(Number(event.amount).toFixed(4)) })) return;
    this.#fail(sent, `is stored as ${Bun.inspect(found)}, and should be ${Bun.inspect(event)}`);
  }

  #checkLetter(sent: Sent, verdict: string, letter: Letter | undefined, row: LetterRow | undefined): void {
    const { value, key } = sent.message;
    if (row === undefined || letter === undefined) {
      const where = row === undefined ? "table of dead letters" : "dead-letter topic";
      this.#fail(sent, `should be ${verdict} and is not in the ${where}`);
      return;
    }
    const classes = [row.error_class, letter.errorClass];
    if (classes.some((name) => name !== verdict))
      this.#fail(sent, `is ${classes.join(" and ")}, and should be ${verdict}`);
    if (row.payload_md5 !== md5(value) || row.key_md5 !== md5(key))
      this.#fail(sent, "its bytes in the table are others");
    for (const [name, given] of Object.entries(sent.message.headers)) {
      if (OUR_HEADERS.has(name)) continue;
      const last = Buffer.from((Array.isArray(given) ? given.at(-1) : given) ?? "");
      const found = Object.hasOwn(letter.headers, name) ? letter.headers[name] : undefined;
      if (!Buffer.isBuffer(found) || !last.equals(found))
        this.#fail(sent, `has another header ${JSON.stringify(name)}`);
    }
    if (letter.omitted !== "") {
      this.#tally.add("letters without their value");
      if (letter.value !== null || letter.omitted !== String(value?.length)) this.#fail(sent, "is a wrong stub");
      return;
    }
    const same = value === null ? letter.value === null : letter.value?.equals(value);
    if (!same || !(key === null ? letter.key === null : letter.key?.equals(key)))
      this.#fail(sent, "its bytes in the topic are others");
  }

  #fail({ message, partition, offset }: Sent, what: string): void {
    this.failures.push(`${place(partition, offset)} (${message.kind}): ${what}\n  message: ${show(message.value)}`);
  }

  /** When the broker appended each message; what it holds must be what was sent. */
  async #appendTimes(sent: readonly Sent[]): Promise<Map<string, number>> {
    const byPlace = new Map(sent.map((one) => [place(one.partition, one.offset), one]));
    const times = new Map<string, number>();
    await this.#read(this.#target.topic, this.#ranges, (partition, message) => {
      const id = place(partition, message.offset);
      times.set(id, Number(message.timestamp));
      const value = byPlace.get(id)?.message.value;
      const same = value === null ? message.value === null : value !== undefined && message.value?.equals(value);
      if (!same) this.failures.push(`${id}: the topic holds another message than was sent`);
    });
    return times;
  }

  async #readLetters(): Promise<Map<string, Letter>> {
    const letters = new Map<string, Letter>();
    const ranges = (await this.#target.admin.fetchTopicOffsets(this.#target.dlqTopic)).map((entry) => ({
      partition: entry.partition,
      from: Number(entry.low),
      end: Number(entry.high),
    }));
    await this.#read(this.#target.dlqTopic, ranges, (_, { key, value, headers }) => {
      const text = (name: string) => String(headers?.[name] ?? "");
      letters.set(place(Number(text(HEADERS.originPartition)), text(HEADERS.originOffset)), {
        ...{
          key,
          value,
          errorClass: text(HEADERS.deadLetterClass),
          omitted: text("value-omitted-bytes"),
          headers: headers ?? {},
        },
      });
    });
    return letters;
  }

  #read(topic: string, ranges: Ranges, onMessage: (partition: number, message: TopicMessage) => void): Promise<void> {
    return readTopic(this.#target, {
      topic,
      ranges,
      groupPrefix: `${this.#target.name}-check`,
      stallMs: 120_000,
      onMessages: (partition, messages) => {
        for (const message of messages) onMessage(partition, message);
      },
    });
  }

  #where(): string {
    const parts = this.#ranges.map(
      ({ partition, from, end }) =>
        `(kafka_partition = ${partition} AND kafka_offset >= ${from} AND kafka_offset < ${end})`,
    );
    return parts.join(" OR ");
  }

  async #readRows(): Promise<Map<string, StoredRow>> {
    const rows = await this.#target.database.clickhouse.query<StoredRow>(
      `SELECT event_id, user_id, source, event_type, toUnixTimestamp64Milli(event_time) AS event_ms,
         toUnixTimestamp64Milli(received_time) AS received_ms, session_id, toString(amount) AS amount, currency, payload, extra,
         size_bytes, kafka_partition, kafka_offset FROM events WHERE ${this.#where()}`,
    );
    return new Map(rows.map((row) => [place(row.kafka_partition, row.kafka_offset), row]));
  }

  async #readLetterRows(): Promise<Map<string, LetterRow>> {
    const rows = await this.#target.database.clickhouse.query<LetterRow>(
      `SELECT kafka_partition, kafka_offset, error_class, lower(hex(MD5(payload))) AS payload_md5,
         lower(hex(MD5(message_key))) AS key_md5 FROM dead_letters WHERE ${this.#where()}`,
    );
    return new Map(rows.map((row) => [place(row.kafka_partition, row.kafka_offset), row]));
  }
}

type TopicMessage = Parameters<Parameters<typeof readTopic>[1]["onMessages"]>[1][number];

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const index = a.findIndex((value, i) => value !== b[i]);
  return index >= 0 && (a[index] ?? 0) < (b[index] ?? 0);
}
