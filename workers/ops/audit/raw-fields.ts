import { isObject } from "./paths.ts";

/**
 * The original text of an object's fields, found by the audit in its own way: what is stored of them is what was sent, not
 * what a parser made of it.
 */

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const OPENING: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSING: ReadonlySet<number> = new Set([0x7d, 0x5d]);

/** Longer texts are cut: they may be nested so deeply that they can be parsed and not printed. */
const MAX_PRINTED = 8_000;

/** A JSON object as text, with what `JSON.parse` made of it. Of two equal keys the last one counts, in the place of the first. */
export class ObjectText {
  readonly #json: Readonly<Record<string, unknown>>;
  /** The object itself. */
  readonly whole: string;
  #isPrinted: boolean | undefined;
  #cut: Cut | undefined;

  constructor(text: string, json: Readonly<Record<string, unknown>>, isPrinted?: boolean) {
    this.whole = text;
    this.#json = json;
    this.#isPrinted = isPrinted;
  }

  /** The value's text; undefined when there is no such field. */
  text(key: string): string | undefined {
    if (!Object.hasOwn(this.#json, key)) return undefined;
    return this.#printed() ? JSON.stringify(this.#json[key]) : this.#fields().texts.get(key);
  }

  /** The keys, in the order of their first occurrence. */
  keys(): string[] {
    return this.#printed() ? Object.keys(this.#json) : [...this.#fields().texts.keys()];
  }

  /** Whether a key occurs more than once, however it is spelled. */
  isDoubled(key: string): boolean {
    return !this.#printed() && this.#fields().doubled.has(key);
  }

  /** An object among the fields; undefined when there is none of this name. */
  inner(key: string): ObjectText | undefined {
    const value = Object.hasOwn(this.#json, key) ? this.#json[key] : undefined;
    const text = this.text(key);
    if (!isObject(value) || text === undefined) return undefined;
    return new ObjectText(text, value, this.#printed() ? true : undefined);
  }

  /** Printed as it was sent: then every part of it is, too, and no key occurs twice. */
  #printed(): boolean {
    this.#isPrinted ??= this.whole.length <= MAX_PRINTED && JSON.stringify(this.#json) === this.whole;
    return this.#isPrinted;
  }

  #fields(): Cut {
    this.#cut ??= cut(this.whole);
    return this.#cut;
  }
}

type Cut = { readonly texts: ReadonlyMap<string, string>; readonly doubled: ReadonlySet<string> };

/** Cuts the text where a colon or comma stands directly inside the outermost braces. */
function cut(text: string): Cut {
  const texts = new Map<string, string>();
  const doubled = new Set<string>();
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
      if (key !== undefined) {
        if (texts.has(key)) doubled.add(key);
        texts.set(key, text.slice(valueFrom, at).trim());
      }
      key = undefined;
      keyFrom = at + 1;
    }
  }
  return { texts, doubled };
}
