import { formatCount, formatTime, renderTable } from "../cli/table.ts";
import { formatPosition, type Letter, type LetterRow } from "./letters.ts";

export function renderLetters(rows: readonly LetterRow[], total: number): string {
  const table = renderTable(
    [
      { title: "TOPIC/PARTITION/OFFSET" },
      { title: "APPENDED" },
      { title: "CLASS" },
      { title: "BYTES", numeric: true },
      { title: "REPLAYED" },
      { title: "REASON" },
    ],
    rows.map((row) => [
      formatPosition(row),
      formatTime(row.appendMs),
      row.errorClass,
      formatCount(row.sizeBytes),
      row.replayedMs === undefined ? "" : formatTime(row.replayedMs),
      clip(row.reason, 100),
    ]),
  );
  return `${table}\n${formatCount(rows.length)} of ${formatCount(total)} dead letters`;
}

export function letterToJson(row: LetterRow) {
  return {
    topic: row.topic,
    partition: row.partition,
    offset: row.offset,
    append_time: formatTime(row.appendMs),
    payload_hash: row.payloadHash,
    error_class: row.errorClass,
    reason: row.reason,
    size_bytes: row.sizeBytes,
    replayed_at: row.replayedMs === undefined ? null : formatTime(row.replayedMs),
  };
}

/** Everything about one letter; the payload as text where it is text, else as a hex dump. */
export function renderLetter(letter: Letter): string {
  const headers = Object.entries(letter.headers).map(
    ([name, value]) => `  ${name}: ${asText(value) ?? value.toString("hex")}`,
  );
  return [
    `position   ${formatPosition(letter)}`,
    `appended   ${formatTime(letter.appendMs)}`,
    `class      ${letter.errorClass}`,
    `reason     ${letter.reason}`,
    `replayed   ${letter.replayedMs === undefined ? "no" : formatTime(letter.replayedMs)}`,
    `key        ${letter.key.length === 0 ? "(none)" : (asText(letter.key) ?? letter.key.toString("hex"))}`,
    `headers    ${headers.length === 0 ? "(none)" : ""}`,
    ...headers,
    `payload    ${formatCount(letter.payload.length)} bytes, xxHash64 ${letter.payloadHash}`,
    asText(letter.payload) ?? hexDump(letter.payload),
  ].join("\n");
}

/** Text without control characters (line breaks and tabs aside), so that a payload cannot play with the terminal. */
function asText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return /[^\P{Cc}\n\r\t]/u.test(text) || text.includes("\uFEFF") ? undefined : text;
  } catch {
    return undefined;
  }
}

const DUMP_BYTES = 4_096;

/** Offset, sixteen bytes in hex, and what of them is printable ASCII; the first 4 KiB. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, DUMP_BYTES); at += 16) {
    const row = bytes.subarray(at, Math.min(at + 16, DUMP_BYTES));
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(47)}  ${text}`);
  }
  if (bytes.length > DUMP_BYTES) lines.push(`… ${formatCount(bytes.length - DUMP_BYTES)} more bytes`);
  return lines.join("\n");
}

const clip = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);
