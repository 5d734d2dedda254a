/** A name in backquotes, whatever it holds. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}

/**
 * A text as a literal, whatever it holds: in one line, since statements of a schema file are told apart at the ends of lines, and
 * with nothing in braces, which stand for names there.
 */
export function quoteText(text: string): string {
  const quoted = text.replace(/[\\']/g, "\\$&").replace(/[\p{Cc}\u2028\u2029{]/gu, bytesOf);
  return `'${quoted}'`;
}

/** A character by its bytes, as in `\x7B`. */
const bytesOf = (char: string) =>
  [...Buffer.from(char)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
