import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { damaged } from "../generators/events.ts";
import { messages } from "../generators/messages.ts";
import { opinionOn } from "../oracle.ts";

/** Requests of all kinds to the ingest API, each with what must be answered as far as its making tells. */

export type FuzzRequest = {
  readonly kind: string;
  readonly method: string;
  readonly bytes: Buffer;
  /** Asks for the health of the process, not to take events. */
  readonly probe: boolean;
  /** The statuses that would be right. */
  readonly statuses: readonly number[];
  /** The events of the body that must be accepted and lie in the topic, if that is known. */
  readonly accepted: readonly Buffer[] | undefined;
  /** How many events the answer must speak of, if that is known. */
  readonly events: number | undefined;
};

/** The producer's defaults, bytes. */
const MAX_EVENT_BYTES = 262_144;
const MAX_BODY_BYTES = 4_194_304;
/** Everything but time is judged on arrival. */
const LIMITS = { maxAgeMs: Number.POSITIVE_INFINITY, maxFutureMs: Number.POSITIVE_INFINITY, maxBytes: MAX_EVENT_BYTES };

type Form = "single" | "array" | "ndjson" | "raw";
type Encoding = {
  readonly name: string | undefined;
  readonly encode: (bytes: Buffer) => Buffer;
  readonly status?: number;
};

const plain = (bytes: Buffer) => bytes;
const cut = (encode: (bytes: Buffer) => Buffer) => (bytes: Buffer) => encode(bytes).subarray(0, -3);
const ENCODINGS: readonly Encoding[] = [
  ...Array.from({ length: 60 }, () => ({ name: undefined, encode: plain })),
  { name: "identity", encode: plain },
  { name: "gzip", encode: (bytes) => gzipSync(bytes) },
  { name: "GZIP", encode: (bytes) => gzipSync(bytes) },
  { name: "deflate", encode: (bytes) => deflateSync(bytes) },
  { name: "zstd", encode: (bytes) => Bun.zstdCompressSync(bytes) },
  { name: "gzip", encode: plain, status: 400 },
  { name: "zstd", encode: plain, status: 400 },
  { name: "gzip", encode: cut((bytes) => gzipSync(bytes)), status: 400 },
  { name: "deflate", encode: cut((bytes) => deflateSync(bytes)), status: 400 },
  { name: "zstd", encode: cut((bytes) => Bun.zstdCompressSync(bytes)), status: 400 },
  { name: "gzip", encode: () => gzipSync(Buffer.alloc(2 * MAX_BODY_BYTES)), status: 413 },
  { name: "zstd", encode: () => Bun.zstdCompressSync(Buffer.alloc(2 * MAX_BODY_BYTES)), status: 413 },
  ...["br", "gzip, gzip", "compress", "__proto__", "constructor"].map((name) => ({ name, encode: plain, status: 415 })),
];

const TYPES: readonly { readonly name: string | undefined; readonly status?: number; readonly form?: Form }[] = [
  ...Array.from({ length: 40 }, () => ({ name: "application/json" })),
  { name: undefined },
  { name: "Application/JSON ; charset=utf-8" },
  { name: "application/x-www-form-urlencoded" },
  ...Array.from({ length: 20 }, () => ({ name: "application/x-ndjson", form: "ndjson" as const })),
  { name: "application/jsonl", form: "ndjson" },
  ...["text/csv", "multipart/form-data", "application/xml", "json", "__proto__", "toString"].map((name) => ({
    name,
    status: 415,
  })),
];

const TARGETS: readonly { readonly method: string; readonly path: string; readonly status?: number }[] = [
  ...Array.from({ length: 150 }, () => ({ method: "POST", path: "/v1/events" })),
  { method: "POST", path: "/v1/events?x=%00&y[]=1" },
  ...["GET", "PUT", "DELETE", "PATCH", "OPTIONS"].map((method) => ({ method, path: "/v1/events", status: 405 })),
  ...["/", "/v1", "/v1/events/", "/v1/events/1", "//v1/events", "/v1/%2e%2e/events", "/__proto__"].map((path) => ({
    method: "POST",
    path,
    status: 404,
  })),
  { method: "GET", path: "/livez", status: 200 },
];

/** Requests around `baseMs` with a key that is accepted; wrong and missing keys come with them. */
export function requests(baseMs: number, key: string): fc.Arbitrary<FuzzRequest> {
  const auths = [
    ...Array.from({ length: 60 }, () => ({ line: `Authorization: Bearer ${key}`, status: undefined })),
    { line: `X-API-Key: ${key}`, status: undefined },
    { line: `Authorization: Bearer ${key}x`, status: 401 },
    { line: "Authorization: Basic a2V5OmtleQ==", status: 401 },
    { line: "X-API-Key: __proto__", status: 401 },
    { line: "X-Nothing: 1", status: 401 },
  ];
  const part = messages(baseMs, { large: false }).map(({ value }) => value ?? Buffer.alloc(0));
  return fc
    .record({
      target: fc.constantFrom(...TARGETS),
      auth: fc.constantFrom(...auths),
      type: fc.constantFrom(...TYPES),
      encoding: fc.constantFrom(...ENCODINGS),
      form: fc.constantFrom<Form[]>("single", "array", "array", "ndjson", "raw"),
      parts: fc.array(part, { minLength: 1, maxLength: 8 }),
      raw: fc.oneof(
        damaged(part),
        fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      ),
      chunked: fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined }),
      extra: fc.constantFrom(
        "",
        "",
        "X-Request-Id: 1\r\n",
        "Cookie: a=b\r\n",
        "X-Odd: \x80\xff\r\n",
        "Accept: */*\r\n",
      ),
    })
    .map((made) => {
      const form = made.type.form === "ndjson" && made.form !== "raw" ? "ndjson" : made.form;
      const { body, events: parts } = bodyOf(form, made.parts, made.raw);
      // Lines that do not say that they are lines are taken for such by their looks.
      const events = form === "ndjson" && made.type.form !== "ndjson" ? undefined : parts;
      const encoded = made.encoding.encode(body);
      const lines = [
        `${made.target.method} ${made.target.path} HTTP/1.1\r\nHost: localhost\r\n${made.auth.line}`,
        ...(made.type.name === undefined ? [] : [`Content-Type: ${made.type.name}`]),
        ...(made.encoding.name === undefined ? [] : [`Content-Encoding: ${made.encoding.name}`]),
      ];
      // In the order in which they are looked at.
      const refusal = made.target.status ?? made.auth.status ?? made.type.status ?? made.encoding.status;
      return {
        kind: refusal === undefined ? form : String(refusal),
        method: made.target.method,
        probe: made.target.path === "/livez",
        bytes: writeRequest(`${lines.join("\r\n")}\r\n${made.extra}`, encoded, made.chunked),
        ...expectation(refusal ?? (isForeign(withoutMark(body), made.type.form) ? 400 : undefined), form, events),
      };
    });
}

function expectation(refusal: number | undefined, form: Form, parts: readonly Buffer[] | undefined) {
  if (refusal !== undefined) {
    // A body that claims to be compressed and is none may be so by chance, or be empty.
    return { statuses: [refusal], accepted: [], events: undefined };
  }
  if (parts === undefined) return { statuses: [202, 207, 400, 413], accepted: undefined, events: undefined };
  const accepted = parts.filter((part) => opinionOn(part, 0, LIMITS).ok);
  const [only] = parts;
  const tooLarge = form === "single" && only !== undefined && only.length > MAX_EVENT_BYTES;
  const none = tooLarge ? 413 : 400;
  const status = accepted.length === parts.length ? 202 : accepted.length > 0 ? 207 : none;
  return { statuses: [status], accepted, events: form === "single" && status !== 202 ? undefined : parts.length };
}

/** Without the byte order mark that may begin a body, but not an event inside it. */
const withoutMark = (body: Buffer) => (body.subarray(0, 3).equals(Buffer.from("\uFEFF")) ? body.subarray(3) : body);

/** First bytes that no JSON has (hex): UTF-16 marks, gzip, zstd, an Avro file. */
const FOREIGN = ["fffe", "feff", "1f8b", "28b52ffd", "4f626a01"];

/**
 * A body that is refused as a whole, since its first bytes show another format: these, a registry's frame or UTF-16 (a
 * zero first, or every other byte). What is sent as lines is not, while some later line is an object in plain text.
 */
function isForeign(body: Buffer, form: Form | undefined): boolean {
  const lines = body.subarray(5).toString("latin1").split("\n").slice(1);
  if (form === "ndjson" && lines.some((line) => /^[ \r\t]*\{(?!\0).*\}[ \r\t]*$/s.test(line))) return false;
  const start = body.subarray(0, 8).toString("hex");
  if (start.startsWith("00")) return body.length > 5;
  return FOREIGN.some((magic) => start.startsWith(magic)) || /^(?!00)..00(?!00)..00.{8}$/.test(start);
}

const trimmed = (part: Buffer) =>
  Buffer.from(part.toString("latin1").replace(/^[ \n\r\t]+|[ \n\r\t]+$/g, ""), "latin1");

function isJson(part: Buffer): boolean {
  try {
    JSON.parse(part.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

/** A body, and the events it consists of where there can be no doubt. */
function bodyOf(
  form: Form,
  parts: readonly Buffer[],
  raw: Buffer,
): { body: Buffer; events: readonly Buffer[] | undefined } {
  const events = parts.map((part, i) => trimmed(i === 0 && form !== "array" ? withoutMark(part) : part));
  switch (form) {
    case "single": {
      const body = parts[0] ?? Buffer.alloc(0);
      const [event = body] = events;
      // What begins like an array is one; what is no JSON may look like lines.
      const clear = event.length > 0 && event[0] !== 0x5b && (isJson(event) || !event.includes(0x0a));
      return { body, events: clear ? [event] : undefined };
    }
    case "array": {
      const separator = Buffer.from(" ,\n");
      const inner = parts.flatMap((part, i) => (i === 0 ? [part] : [separator, part]));
      return {
        body: Buffer.concat([Buffer.from("["), ...inner, Buffer.from("]")]),
        events: events.every(isJson) ? events : undefined,
      };
    }
    case "ndjson": {
      const lines = parts.flatMap((part) => [part, Buffer.from("\r\n")]);
      const clear = parts.every((part, i) => !part.includes(0x0a) && (events[i]?.length ?? 0) > 0);
      return { body: Buffer.concat(lines), events: clear ? events : undefined };
    }
    case "raw":
      return { body: raw, events: undefined };
  }
}

/** The request as bytes, in chunks of so many bytes or in one piece. */
function writeRequest(head: string, body: Buffer, chunkBytes: number | undefined): Buffer {
  if (chunkBytes === undefined) {
    return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`, "latin1"), body]);
  }
  const pieces: Buffer[] = [Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`, "latin1")];
  const size = Math.max(chunkBytes, Math.ceil(body.length / 200));
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
  }
  pieces.push(Buffer.from("0\r\n\r\n"));
  return Buffer.concat(pieces);
}
