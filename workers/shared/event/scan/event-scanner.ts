import { isUtf8 } from "node:buffer";
import { DEFAULT_SOURCE } from "../envelope.ts";
import { JsonCursor, REFUSED } from "./json-cursor.ts";
import { compileEventRules, type EventRule } from "./payload-rules.ts";
import { PayloadScanner } from "./payload-scanner.ts";
import { NO_TIME, TimeReader } from "./time-reader.ts";

const FIELDS = ["event_id", "user_id", "event_type", "event_time", "received_time", "source", "session_id", "payload"];
const FIELD_NAMES = FIELDS.map((name) => Buffer.from(name));
const [EVENT_ID, USER_ID, EVENT_TYPE, EVENT_TIME, RECEIVED_TIME, SOURCE, SESSION_ID, PAYLOAD] = [
  0, 1, 2, 3, 4, 5, 6, 7,
];
const REQUIRED = (1 << EVENT_ID) | (1 << USER_ID) | (1 << EVENT_TYPE) | (1 << EVENT_TIME) | (1 << RECEIVED_TIME);
const PROTO = Buffer.from("__proto__");
/** Messages with more unknown top-level fields are left to the parser. */
const MAX_EXTRA_KEYS = 32;
const MAX_IDENTIFIER_BYTES = 256;
const UUID_LENGTH = 36;

/**
 * Reads a valid event straight from its bytes: neither text nor JSON values nor objects are made of it. It accepts nothing
 * that `parseEvent` refuses and finds the same values (tests prove it by comparison). It may refuse what `parseEvent`
 * accepts, where that is rare and costly to check: whoever gets `false` asks `parseEvent` for verdict and reason.
 *
 * The fields tell of the event accepted last. Positions are indexes into its bytes; where both ends of a stretch are 0,
 * the event has no such field.
 */
export class EventScanner {
  eventTimeMs = 0;
  receivedTimeMs = 0;
  /** Ten-thousandths; 0 if the event carries no money. */
  amountE4 = 0;
  /** Index of the currency's three letters; 0 if the event carries no money. */
  currencyAt = 0;
  /** A JSON object of the unknown fields as they were sent; empty if there are none. */
  extraJson = "";

  readonly #cursor = new JsonCursor();
  readonly #payload = new PayloadScanner(this.#cursor);
  readonly #times = new TimeReader();
  readonly #rules = compileEventRules();
  readonly #from = new Uint32Array(FIELDS.length);
  readonly #to = new Uint32Array(FIELDS.length);
  #rule: EventRule | undefined;
  /** The rule that the payload is known to obey. */
  #payloadRule: EventRule | undefined;
  /** One more than the field found last, 0 before the first: the index in `#follower`. */
  #previous = 0;
  readonly #follower = new Uint8Array(FIELDS.length + 1);
  #extraKeys: string[] = [];

  /** Index of the 36 characters of the id, of any case. */
  get idAt(): number {
    return this.#from[EVENT_ID] ?? 0;
  }
  get userAt(): number {
    return this.#from[USER_ID] ?? 0;
  }
  get userEnd(): number {
    return this.#to[USER_ID] ?? 0;
  }
  get sessionAt(): number {
    return this.#from[SESSION_ID] ?? 0;
  }
  get sessionEnd(): number {
    return this.#to[SESSION_ID] ?? 0;
  }
  get payloadAt(): number {
    return this.#from[PAYLOAD] ?? 0;
  }
  get payloadEnd(): number {
    return this.#to[PAYLOAD] ?? 0;
  }
  /** Source and event type. @throws TypeError when nothing was accepted yet. */
  get rule(): EventRule {
    if (this.#rule === undefined) throw new TypeError("no event was scanned");
    return this.#rule;
  }

  /** Whether the bytes are a valid event. */
  scan(bytes: Uint8Array): boolean {
    this.#cursor.start(bytes);
    this.#payload.reset();
    this.#payloadRule = undefined;
    this.#previous = 0;
    for (let field = 0; field < FIELDS.length; field++) this.#from[field] = this.#to[field] = 0;
    if (this.extraJson !== "") this.extraJson = "";
    if (this.#extraKeys.length > 0) this.#extraKeys = [];
    if (!this.#scanFields(bytes) || !this.#judge(bytes)) return false;
    return !this.#cursor.nonAscii || isUtf8(bytes);
  }

  /** Finds the top-level fields; afterwards the text is known to be JSON. */
  #scanFields(bytes: Uint8Array): boolean {
    const cursor = this.#cursor;
    let at = cursor.skipSpace(0);
    if (cursor.byte(at) !== 0x7b) return false;
    at = cursor.skipSpace(at + 1);
    for (;;) {
      if (cursor.byte(at) !== 0x22) return false;
      const keyAt = at + 1;
      const field = this.#guessField(keyAt);
      at = field < 0 ? cursor.skipString(at) : keyAt + (FIELD_NAMES[field]?.length ?? 0) + 1;
      if (at === REFUSED || (field < 0 && cursor.escaped)) return false;
      const keyEnd = at - 1;
      at = cursor.skipColon(at);
      if (at === REFUSED) return false;
      const end = field === PAYLOAD ? this.#skipPayload(at) : cursor.skipValue(at);
      if (end === REFUSED) return false;
      if (field < 0) {
        if (!this.#noteExtra(bytes, keyAt, keyEnd, at, end)) return false;
      } else if (!this.#noteField(field, at, end)) return false;
      at = cursor.skipSpace(end);
      const byte = cursor.byte(at);
      if (byte === 0x7d) break;
      if (byte !== 0x2c) return false;
      at = cursor.skipSpace(at + 1);
    }
    if (this.extraJson !== "") this.extraJson = `{${this.extraJson}}`;
    return cursor.skipSpace(at + 1) === bytes.length;
  }

  /**
   * The field whose name stands at `keyAt` with its closing quote; negative if it is none of ours. Looks first for the field
   * that followed the one found before in the last event: clients send their fields in the same order.
   */
  #guessField(keyAt: number): number {
    const previous = this.#previous;
    const expected = this.#follower[previous] ?? 0;
    let field = expected;
    if (!this.#isKey(keyAt, field)) {
      field = 0;
      while (field < FIELD_NAMES.length && !this.#isKey(keyAt, field)) field++;
      if (field === FIELD_NAMES.length) return -1;
      this.#follower[previous] = field;
    }
    this.#previous = field + 1;
    return field;
  }

  #isKey(keyAt: number, field: number): boolean {
    const name = FIELD_NAMES[field];
    return name !== undefined && this.#cursor.byte(keyAt + name.length) === 0x22 && this.#cursor.matches(keyAt, name);
  }

  /** Checks the payload on the way if the type is known by now, or can be guessed. */
  #skipPayload(at: number): number {
    const rule = this.#to[EVENT_TYPE] === 0 ? undefined : this.#findRule(this.#to[SOURCE] === 0);
    const end = rule === undefined ? REFUSED : this.#payload.scan(at, rule);
    this.#payloadRule = end === REFUSED ? undefined : rule;
    return end === REFUSED ? this.#cursor.skipValue(at) : end;
  }

  /** Of a key that occurs twice the last one counts: too rare to follow. */
  #noteField(field: number, from: number, to: number): boolean {
    if (this.#to[field] !== 0) return false;
    const isText = field !== PAYLOAD;
    if (isText && (this.#cursor.byte(from) !== 0x22 || this.#cursor.escaped)) return false;
    this.#from[field] = isText ? from + 1 : from;
    this.#to[field] = isText ? to - 1 : to;
    return true;
  }

  #noteExtra(bytes: Uint8Array, keyAt: number, keyEnd: number, from: number, to: number): boolean {
    if (keyEnd - keyAt === PROTO.length && this.#cursor.matches(keyAt, PROTO)) return false;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const key = text.toString("utf8", keyAt, keyEnd);
    // Looking through the keys is quadratic: a message of thousands of fields would hold up its partition.
    if (this.#extraKeys.length >= MAX_EXTRA_KEYS || this.#extraKeys.includes(key)) return false;
    this.#extraKeys.push(key);
    const field = `${JSON.stringify(key)}:${text.toString("utf8", from, to)}`;
    this.extraJson = this.extraJson === "" ? field : `${this.extraJson},${field}`;
    return true;
  }

  /** Checks what was found against the contract. */
  #judge(bytes: Uint8Array): boolean {
    for (let field = 0; field < FIELDS.length; field++) {
      if ((REQUIRED & (1 << field)) !== 0 && this.#to[field] === 0) return false;
    }
    if (!this.#isUuid(EVENT_ID) || !this.#isIdentifier(USER_ID)) return false;
    if (this.sessionEnd !== 0 && !this.#isIdentifier(SESSION_ID)) return false;
    this.eventTimeMs = this.#times.read(bytes, this.#from[EVENT_TIME] ?? 0, this.#to[EVENT_TIME] ?? 0);
    this.receivedTimeMs = this.#times.read(bytes, this.#from[RECEIVED_TIME] ?? 0, this.#to[RECEIVED_TIME] ?? 0);
    if (this.eventTimeMs === NO_TIME || this.receivedTimeMs === NO_TIME) return false;
    const rule = this.#findRule(false);
    this.#rule = rule;
    if (rule === undefined || !this.#judgePayload(rule)) return false;
    this.amountE4 = this.#payload.amountE4;
    this.currencyAt = this.#payload.currencyAt;
    return true;
  }

  #judgePayload(rule: EventRule): boolean {
    if (this.payloadEnd === 0) return !rule.payloadRequired;
    if (rule === this.#payloadRule) return true;
    this.#payload.reset();
    return this.#payload.scan(this.payloadAt, rule) !== REFUSED;
  }

  /** @param anySource whether the event type alone decides, because the source may still come. */
  #findRule(anySource: boolean): EventRule | undefined {
    const named = this.#to[SOURCE] !== 0;
    for (const rule of this.#rules) {
      if (!this.#is(EVENT_TYPE, rule.eventTypeBytes)) continue;
      if (anySource || (named ? this.#is(SOURCE, rule.sourceBytes) : rule.source === DEFAULT_SOURCE)) return rule;
    }
    return undefined;
  }

  #is(field: number, text: Uint8Array): boolean {
    const from = this.#from[field] ?? 0;
    return (this.#to[field] ?? 0) - from === text.length && this.#cursor.matches(from, text);
  }

  #isUuid(field: number): boolean {
    const from = this.#from[field] ?? 0;
    if ((this.#to[field] ?? 0) - from !== UUID_LENGTH) return false;
    for (let i = 0; i < UUID_LENGTH; i++) {
      const byte = this.#cursor.byte(from + i);
      const isDash = i === 8 || i === 13 || i === 18 || i === 23;
      if (isDash ? byte !== 0x2d : !isHexDigit(byte)) return false;
    }
    return true;
  }

  /** Text without escapes has no NUL and, being UTF-8, no lone surrogates; so many bytes are at most so many characters. */
  #isIdentifier(field: number): boolean {
    const length = (this.#to[field] ?? 0) - (this.#from[field] ?? 0);
    return length >= 1 && length <= MAX_IDENTIFIER_BYTES;
  }
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
