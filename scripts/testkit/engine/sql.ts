/** A word, symbol or literal of a SQL text, with its place and the depth of parentheses around it. */
export interface Token {
  readonly kind: "word" | "symbol" | "quoted";
  /** Words in upper case, so that keywords compare directly; others as written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

const SPACE = /\s+/y;
const LINE_COMMENT = /(--|#!|# )[^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?(\*\/|$)/y;
const WORD = /[A-Za-z_0-9$.]+/y;
const QUOTED = /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`\\]|\\[\s\S]|``)*`/y;
const HEREDOC = /\$(\w*)\$[\s\S]*?\$\1\$/y;

/**
 * Yields the tokens of a SQL text without its comments: enough to find keywords outside of quotes and parentheses.
 * Lazy on purpose: a text with inline data behind a keyword is read no further than the caller looks.
 */
export function* tokens(sql: string): Generator<Token> {
  let at = 0;
  let depth = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0];
  };
  while (at < sql.length) {
    const skipped = match(SPACE) ?? match(LINE_COMMENT) ?? match(BLOCK_COMMENT);
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    const quoted = match(QUOTED) ?? match(HEREDOC);
    const word = quoted === undefined ? match(WORD) : undefined;
    const text = quoted ?? word ?? sql.charAt(at);
    const start = at;
    at += text.length;
    if (quoted !== undefined) yield { kind: "quoted", text, start, end: at, depth };
    else if (word !== undefined) yield { kind: "word", text: word.toUpperCase(), start, end: at, depth };
    else {
      if (text === ")" || text === "]" || text === "}") depth -= 1;
      yield { kind: "symbol", text, start, end: at, depth };
      if (text === "(" || text === "[" || text === "{") depth += 1;
    }
  }
}

/** A value as a single-quoted SQL string literal. */
export function quote(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A name as a back-quoted SQL identifier. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}
