import { createHash } from "node:crypto";
import type { AttributeDoc, ContractDocument, EnvelopeAttribute, Match } from "../../shared/contract/document.ts";
import { keysOf, lookUp, unreadable } from "./paths.ts";
import type { ObjectText } from "./raw-fields.ts";
import { timeReader } from "./times.ts";

/** The attributes of one event, before its data is judged. */
export type Attributes = {
  /** A UUID in lower case. */
  readonly id: string;
  readonly timeMs: number;
  readonly type: string;
  /** Empty when the event has none. */
  readonly userId: string;
  readonly sessionId: string;
  readonly receivedMs: number;
  /** Undefined when there is none; no object is refused elsewhere. */
  readonly data: unknown;
};

/** What the audit knows of where a source has its attributes. */
export type EnvelopeReader = {
  /** Undefined when an attribute is missing or malformed. */
  read(json: unknown, appendTimeMs: number): Attributes | undefined;
  /** Keys from the message to the data. */
  readonly dataKeys: readonly string[];
  /** Names at the top of the message that are told by other columns, and so not kept as unknown fields. */
  readonly known: ReadonlySet<string>;
  /** Paths of all that is declared about the envelope. */
  readonly paths: readonly (readonly string[])[];
};

/** The five fields of the default contract, and its options. */
const DEFAULTS: Readonly<Record<EnvelopeAttribute, AttributeDoc>> = {
  id: { from: "$.event_id", type: "uuid" },
  time: { from: "$.event_time" },
  type: { from: "$.event_type" },
  subject: { from: "$.user_id" },
  session: { from: "$.session_id", optional: true },
  received: { from: "$.received_time" },
  data: { from: "$.payload", optional: true },
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MAX_TEXT = 256;

/** Compiles a source's envelope. @throws AppError `AUDIT_CONTRACT` when it asks for what the audit cannot read. */
export function compileEnvelope(document: ContractDocument, match: readonly Match[]): EnvelopeReader {
  const { preset = "countinghouse", ...own } = document.envelope ?? {};
  if (preset !== "countinghouse") throw unreadable(`the envelope ${preset}`);
  const at = { ...DEFAULTS, ...own };
  const [idKeys, timeKeys, typeKeys] = [at.id, at.time, at.type].map(({ from }) => keysOf(from));
  const readId = idReader(document.source ?? "", at.id.type ?? DEFAULTS.id.type);
  const readTime = timeReader(at.time.type);
  const readReceived = timeReader(at.received.type);
  const receivedKeys = keysOf(at.received.from);
  const dataKeys = keysOf(at.data.from);
  if (dataKeys.length === 0) throw unreadable("data that is the whole message");
  const subject = textReader(at.subject);
  const session = textReader(at.session);
  return {
    dataKeys,
    known: knownNames(at, match),
    paths: [...Object.values(at).map(({ from }) => keysOf(from)), ...match.flatMap(pathOf)],
    read: (json, appendTimeMs) => {
      const id = readId(lookUp(json, idKeys ?? []));
      const timeMs = readTime(lookUp(json, timeKeys ?? []));
      const type = lookUp(json, typeKeys ?? []);
      const userId = subject(json);
      const sessionId = session(json);
      const sent = lookUp(json, receivedKeys);
      const receivedMs = sent === undefined && at.received.optional === true ? appendTimeMs : readReceived(sent);
      if (id === undefined || timeMs === undefined || typeof type !== "string") return undefined;
      if (userId === undefined || sessionId === undefined || receivedMs === undefined) return undefined;
      return { id, timeMs, type, userId, sessionId, receivedMs, data: lookUp(json, dataKeys) };
    },
  };
}

const pathOf = (match: Match): (readonly string[])[] => ("path" in match ? [keysOf(match.path)] : []);

/** An id that is no UUID is kept as it was sent, and so is the field of a condition that does not fix its value. */
function knownNames(at: typeof DEFAULTS, match: readonly Match[]): ReadonlySet<string> {
  const { id, ...others } = at;
  const read = id.type === "string" ? Object.values(others) : Object.values(at);
  const fixed = match.filter((one) => "path" in one && one.equals !== undefined);
  const paths = [...read.map(({ from }) => keysOf(from)), ...fixed.flatMap(pathOf)];
  return new Set(paths.flatMap(([first, ...deeper]) => (first === undefined || deeper.length > 0 ? [] : [first])));
}

function idReader(source: string, type: AttributeDoc["type"]): (value: unknown) => string | undefined {
  if (type === "uuid") {
    return (value) => (typeof value === "string" && UUID.test(value) ? value.toLowerCase() : undefined);
  }
  if (type !== "string") throw unreadable(`an id of type ${type}`);
  return (value) => (isText(value) ? derivedId(source, value) : undefined);
}

/** A UUID of version 8 of a source's own id: the beginning of the SHA-256 of both, with NUL between. */
function derivedId(source: string, id: string): string {
  const bytes = createHash("sha256").update(`${source}\0${id}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function textReader({ from, optional = false }: AttributeDoc): (json: unknown) => string | undefined {
  const keys = keysOf(from);
  return (json) => {
    const value = lookUp(json, keys);
    if (value === undefined && optional) return "";
    return isText(value) ? value : undefined;
  };
}

/** From 1 to 256 characters, none of them NUL or half a surrogate pair. */
function isText(value: unknown): value is string {
  if (typeof value !== "string" || value === "" || value.includes("\0") || !value.isWellFormed()) return false;
  return value.length <= MAX_TEXT || (value.length <= 2 * MAX_TEXT && [...value].length <= MAX_TEXT);
}

/** The unknown fields at the top of a message as a JSON object, values as they were sent; empty if there are none. */
export function unknownFields(text: ObjectText, known: ReadonlySet<string>): string {
  const fields = text.keys().flatMap((key) => (known.has(key) ? [] : [`${JSON.stringify(key)}:${text.text(key)}`]));
  return fields.length === 0 ? "" : `{${fields.join(",")}}`;
}
