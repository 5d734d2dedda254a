/**
 * The original text of the payload and of the unknown fields, found by the audit in its own way: what is stored of them is
 * what was sent, not what a parser made of it.
 */

/** `payload`: its text, empty if there is none. `extra`: a JSON object of the unknown fields, empty if there are none. */
export type RawFields = { payload: string; extra: string };

const KNOWN: ReadonlySet<string> = new Set([
  "event_id",
  "user_id",
  "event_type",
  "event_time",
  "received_time",
  "source",
  "session_id",
]);

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const OPENING: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSING: ReadonlySet<number> = new Set([0x7d, 0x5d]);

/** @param text a JSON object. @param json what `JSON.parse` made of it. */
export function rawFields(text: string, json: object): RawFields {
  // Printed as it was sent: then every part of it is, too.
  const entries = JSON.stringify(json) === text ? printed(json) : cut(text);
  const payload = entries.get("payload") ?? "";
  const extra = [...entries].filter(([key]) => key !== "payload" && !KNOWN.has(key));
  if (extra.length === 0) return { payload, extra: "" };
  return { payload, extra: `{${extra.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}` };
}

function printed(json: object): Map<string, string> {
  const entries = new Map<string, string>();
  for (const [key, value] of Object.entries(json)) {
    if (!KNOWN.has(key)) entries.set(key, JSON.stringify(value));
  }
  return entries;
}

/** Cuts the text where a colon or comma stands directly inside the outermost braces. The last of two equal keys counts. */
function cut(text: string): Map<string, string> {
  const entries = new Map<string, string>();
  let depth = 0;
  let quoted = false;
  let keyFrom = 0;
  let key: string | undefined;
  let valueFrom = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (OPENING.has(code)) {
      depth++;
      if (depth === 1) keyFrom = at + 1;
    } else if (code === COLON && depth === 1 && key === undefined) {
      key = String(JSON.parse(text.slice(keyFrom, at)));
      valueFrom = at + 1;
    } else if ((code === COMMA && depth === 1) || CLOSING.has(code)) {
      if (code !== COMMA) depth--;
      if (depth > 1 || (depth === 1 && code !== COMMA)) continue;
      if (key !== undefined) entries.set(key, text.slice(valueFrom, at).trim());
      key = undefined;
      keyFrom = at + 1;
    }
  }
  return entries;
}
