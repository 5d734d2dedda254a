/** Text without control characters (line breaks and tabs aside), so that a payload cannot play with the terminal. */
export function asText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return /[^\P{Cc}\n\r\t]/u.test(text) || text.includes("\uFEFF") ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Offset, sixteen bytes in hex, and what of them is printable ASCII; the first `maxBytes`. */
export function hexDump(bytes: Uint8Array, maxBytes: number): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, maxBytes); at += 16) {
    const row = bytes.subarray(at, Math.min(at + 16, maxBytes));
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(47)}  ${text}`);
  }
  if (bytes.length > maxBytes) lines.push(`… ${(bytes.length - maxBytes).toLocaleString("en-US")} more bytes`);
  return lines.join("\n");
}
