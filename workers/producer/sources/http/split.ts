/** The events of a request body as bytes, each as it was sent; or what is wrong with the body. */
export type SplitBody =
  | { readonly ok: true; readonly events: Buffer[]; readonly single: boolean }
  | { readonly ok: false; readonly detail: string; readonly tooMany?: true };

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const NEWLINE = 0x0a;

/**
 * Splits a body into events without parsing them: a number such as 1e400 or 0.10 must reach Kafka as the client wrote it.
 * Whether each part is JSON is judged later, part by part. Ends at the first event above `maxEvents`: millions of parts
 * of one byte would take a hundred times the memory of the body.
 */
export function splitBody(body: Buffer, kind: "json" | "ndjson", maxEvents: number): SplitBody {
  if (kind === "ndjson") return splitLines(body, maxEvents);
  const start = skipSpace(body, 0);
  if (body[start] === OPEN_ARRAY) return splitArray(body, start, maxEvents);
  if (isGlued(body, start)) return { ok: false, detail: GLUED };
  const event = body.subarray(start, trimEnd(body, start, body.length));
  return event.length === 0 ? { ok: false, detail: "the body is empty" } : { ok: true, events: [event], single: true };
}

const GLUED =
  "several JSON objects without line ends between them: curl -d @file removes line ends, send the file with --data-binary @file";

/** Whether another object follows directly behind the first one. */
function isGlued(body: Buffer, start: number): boolean {
  if (body[start] !== OPEN_OBJECT) return false;
  let depth = 0;
  for (let at = start; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) at = endOfString(body, at);
    else if (byte === OPEN_OBJECT) depth++;
    else if (byte === CLOSE_OBJECT && --depth === 0) return body[skipSpace(body, at + 1)] === OPEN_OBJECT;
  }
  return false;
}

/** Whether a body without a content type is NDJSON: an object, a line end, and another object. */
export function looksLikeNdjson(body: Buffer): boolean {
  const start = skipSpace(body, 0);
  if (body[start] !== OPEN_OBJECT) return false;
  for (let at = body.indexOf(NEWLINE, start); at >= 0; ) {
    const next = skipSpace(body, at + 1);
    if (body[next] === OPEN_OBJECT && body[trimEnd(body, start, at) - 1] === CLOSE_OBJECT) return true;
    // Behind the white space: to look at each of its line ends would take time by the square of their number.
    at = body.indexOf(NEWLINE, next);
  }
  return false;
}

/** Of a schema registry's frame: the magic byte and the schema's id, which may be a line end. */
const FRAME_BYTES = 5;

/** Whether some line after the first is a JSON object in plain text, so that the body is no other format as a whole. */
export function hasPlainLine(body: Buffer): boolean {
  for (let at = body.indexOf(NEWLINE, FRAME_BYTES); at >= 0; ) {
    const start = skipSpace(body, at + 1);
    at = body.indexOf(NEWLINE, start);
    const end = trimEnd(body, start, at < 0 ? body.length : at);
    if (body[start] === OPEN_OBJECT && body[start + 1] !== 0 && body[end - 1] === CLOSE_OBJECT) return true;
  }
  return false;
}

function tooMany(maxEvents: number): SplitBody {
  return { ok: false, detail: `more than ${maxEvents} events`, tooMany: true };
}

function splitLines(body: Buffer, maxEvents: number): SplitBody {
  const events: Buffer[] = [];
  for (let from = 0; from < body.length; ) {
    const found = body.indexOf(NEWLINE, from);
    const to = found < 0 ? body.length : found;
    const start = skipSpace(body, from, to);
    const end = trimEnd(body, start, to);
    if (start < end) events.push(body.subarray(start, end));
    if (events.length > maxEvents) return tooMany(maxEvents);
    from = to + 1;
  }
  const [only] = events;
  if (only === undefined) return { ok: false, detail: "the body has no events" };
  if (events.length === 1 && isGlued(only, 0)) return { ok: false, detail: GLUED };
  return { ok: true, events, single: false };
}

function splitArray(body: Buffer, open: number, maxEvents: number): SplitBody {
  const events: Buffer[] = [];
  let depth = 0;
  let from = open + 1;
  for (let at = open; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) at = endOfString(body, at);
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
    const ends = depth === 0;
    if (ends || (depth === 1 && byte === COMMA)) {
      const start = skipSpace(body, from, at);
      const end = trimEnd(body, start, at);
      // An empty part is an error of its own (`[1,]`), except in an array without any.
      if (start < end || !ends || events.length > 0) events.push(body.subarray(start, end));
      if (events.length > maxEvents) return tooMany(maxEvents);
      from = at + 1;
    }
    if (ends) return closed(body, at, events);
  }
  return { ok: false, detail: "the JSON array does not end" };
}

function closed(body: Buffer, at: number, events: Buffer[]): SplitBody {
  if (skipSpace(body, at + 1) < body.length) return { ok: false, detail: "there is something after the JSON array" };
  return events.length === 0 ? { ok: false, detail: "the array is empty" } : { ok: true, events, single: false };
}

/** The index of the closing quote (or the end) of the string that opens at `open`. */
function endOfString(body: Buffer, open: number): number {
  let at = open + 1;
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;
}

function skipSpace(body: Buffer, from: number, end = body.length): number {
  let at = from;
  while (at < end && isSpace(body[at])) at++;
  return at;
}

/** The end of `[from, end)` without the white space at it. */
function trimEnd(body: Buffer, from: number, end: number): number {
  let to = end;
  while (to > from && isSpace(body[to - 1])) to--;
  return to;
}
