import { asText, hexDump } from "../../shared/dead-letters/bytes.ts";
import { formatPosition, type Letter, type LetterRow } from "../../shared/dead-letters/letters.ts";
import { formatCount, formatTime, renderTable } from "../cli/table.ts";

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
  return `${table}\n${formatCount(rows.length)} of ${formatCount(total)} dead letters shown`;
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
    asText(letter.payload) ?? hexDump(letter.payload, DUMP_BYTES),
  ].join("\n");
}

/** Bytes of a payload that are shown. */
const DUMP_BYTES = 4_096;

const clip = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);
