/** Deeper levels stay on one line: indentation would grow with the square of the depth. */
const MAX_DEPTH = 40;
const STEP = "  ";

/**
 * JSON text with line breaks and indentation, everything else as it is stored: digits beyond a double, trailing zeros,
 * escapes and keys that occur twice. Text that is no JSON is returned unchanged. Never parses and prints again.
 */
export function indentJson(text: string): string {
  if (!isJson(text)) return text;
  const out: string[] = [];
  let depth = 0;
  const newline = () => {
    if (depth <= MAX_DEPTH) out.push("\n", STEP.repeat(depth));
  };
  for (const token of tokensOf(text)) {
    if (token === "{" || token === "[") {
      depth++;
      out.push(token);
      newline();
    } else if (token === "}" || token === "]") {
      depth--;
      newline();
      out.push(token);
    } else if (token === ",") {
      out.push(token);
      newline();
    } else out.push(token === ":" ? ": " : token);
  }
  return out.join("");
}

/** An empty list or object, a bracket, comma or colon, a string's begin, or a number or word. White space is none of them. */
const TOKENS = /\{[ \t\r\n]*\}|\[[ \t\r\n]*\]|[{}[\],:"]|[^\s{}[\],:"]+/g;

function* tokensOf(text: string): Generator<string> {
  const tokens = new RegExp(TOKENS);
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    if (match[0] !== '"') yield match[0];
    else {
      // Not by the expression: its engine gives up, without a word, on a repeated group in a string of millions of characters.
      tokens.lastIndex = endOfString(text, match.index);
      yield text.slice(match.index, tokens.lastIndex);
    }
  }
}

/** Where the string that begins at `from` ends: after a quote that no odd number of backslashes stands before. */
function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let first = quote;
    while (text[first - 1] === "\\") first--;
    if ((quote - first) % 2 === 0) return quote + 1;
  }
  return text.length;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
