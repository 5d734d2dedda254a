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
  for (const [token] of text.matchAll(TOKENS)) {
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

/** An empty list or object, a bracket, comma or colon, a string, or a number or word. White space is none of them. */
const TOKENS = /\{[ \t\r\n]*\}|\[[ \t\r\n]*\]|[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/g;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
