/** A name in backquotes, whatever it holds. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}

/**
 * A text as a literal, whatever it holds: in one line, since statements of a schema file are told apart at the ends of lines, and
 * with nothing in braces, which stand for names there.
 */
export function quoteText(text: string): string {
  const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "{": "\\x7B" };
  return `'${text.replace(/[\\'\n\r{]/g, (char) => escapes[char] ?? `\\${char}`)}'`;
}
