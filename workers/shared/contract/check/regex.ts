/**
 * Bounds what a regular expression may cost. JavaScript's engine tries one way after another, so what counts is how many ways
 * there are to match a text of the allowed length: they are counted here, without regard for which of them can come true.
 */

/** What is known of a pattern. `steps` bounds the characters looked at for a text of the given length. */
export type RegexCost = {
  readonly steps: number;
  /** Has `*`, `+` or `{n,}`. */
  readonly isOpen: boolean;
  /** Most characters of a text it matches as a whole; undefined without `^` and `$` or without a bound. */
  readonly longest: number | undefined;
};

export type RegexProblem = { readonly code: "REGEX_INVALID" | "REGEX_EXPLODES"; readonly message: string };

/** Looking at so many characters takes about ten milliseconds. */
export const MAX_STEPS = 4_000_000;

type Node =
  | { readonly kind: "character" }
  /** `^`, `$`, `\b`: takes none. */
  | { readonly kind: "assertion"; readonly text: string }
  | { readonly kind: "sequence"; readonly parts: readonly Node[] }
  | { readonly kind: "choice"; readonly options: readonly Node[] }
  | { readonly kind: "repeat"; readonly of: Node; readonly min: number; readonly max: number };

/** @param length most characters of a text that gets to the pattern. */
export function regexCost(pattern: string, length: number): RegexCost | RegexProblem {
  try {
    new RegExp(pattern, "u");
  } catch (error) {
    return { code: "REGEX_INVALID", message: error instanceof Error ? error.message : String(error) };
  }
  const parser = new Parser(pattern);
  const node = parser.parse();
  if (parser.refused !== undefined) return { code: "REGEX_EXPLODES", message: parser.refused };
  const { steps } = work(node, length);
  const [first, last] = [edge(node, "first"), edge(node, "last")];
  const whole = first && last ? longest(node) : Number.POSITIVE_INFINITY;
  return {
    steps: first ? steps : steps * Math.max(1, length),
    isOpen: parser.isOpen,
    longest: Number.isFinite(whole) ? whole : undefined,
  };
}

/** Ways to match from one place, and characters looked at while all of them are tried. */
function work(node: Node, length: number): { ways: number; steps: number } {
  switch (node.kind) {
    case "character":
    case "assertion":
      return { ways: 1, steps: 1 };
    case "sequence": {
      let [ways, steps] = [1, 0];
      for (const part of node.parts) {
        const next = work(part, length);
        steps += ways * next.steps;
        ways *= next.ways;
      }
      return { ways, steps };
    }
    case "choice": {
      const options = node.options.map((option) => work(option, length));
      return {
        ways: options.reduce((sum, option) => sum + option.ways, 0),
        steps: options.reduce((sum, option) => sum + option.steps, 0),
      };
    }
    case "repeat":
      return repeated(work(node.of, length), node.min, Math.min(node.max, Math.max(length, node.min)));
  }
}

function repeated(one: { ways: number; steps: number }, min: number, max: number): { ways: number; steps: number } {
  if (one.ways === 1) return { ways: max - min + 1, steps: max * one.steps };
  let [ways, steps, before] = [min === 0 ? 1 : 0, 0, 1];
  for (let times = 1; times <= max; times++) {
    steps += before * one.steps;
    before *= one.ways;
    if (times >= min) ways += before;
    if (steps > MAX_STEPS * MAX_STEPS) return { ways: Number.POSITIVE_INFINITY, steps: Number.POSITIVE_INFINITY };
  }
  return { ways, steps };
}

function longest(node: Node): number {
  if (node.kind === "character") return 1;
  if (node.kind === "assertion") return 0;
  if (node.kind === "sequence") return node.parts.reduce((sum, part) => sum + longest(part), 0);
  if (node.kind === "choice") return Math.max(...node.options.map(longest));
  const one = longest(node.of);
  return one === 0 ? 0 : one * node.max;
}

/** Whether every way through begins with `^`, or ends with `$`. */
function edge(node: Node, which: "first" | "last"): boolean {
  if (node.kind === "assertion") return node.text === (which === "first" ? "^" : "$");
  if (node.kind === "choice") return node.options.every((option) => edge(option, which));
  if (node.kind !== "sequence") return false;
  const part = node.parts.at(which === "first" ? 0 : -1);
  return part !== undefined && edge(part, which);
}

/** Takes a pattern that `RegExp` has accepted with flag u apart. */
class Parser {
  #at = 0;
  isOpen = false;
  refused: string | undefined;

  constructor(private readonly text: string) {}

  parse(): Node {
    const options: Node[] = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.text.length && !this.#sees("|") && !this.#sees(")")) parts.push(this.#repeat(this.#atom()));
    return { kind: "sequence", parts };
  }

  #atom(): Node {
    if (this.#take("(")) return this.#group();
    if (this.#take("[")) return this.#class();
    if (this.#take("\\")) return this.#escape();
    const [character = ""] = this.text.slice(this.#at, this.#at + 2);
    this.#at += (character.codePointAt(0) ?? 0) > 0xffff ? 2 : character.length || 1;
    return character === "^" || character === "$" ? { kind: "assertion", text: character } : { kind: "character" };
  }

  #group(): Node {
    const [opening = ""] = /^\?(?:[:=!]|<[=!]|<[^>]*>|[a-z-]*:)/.exec(this.text.slice(this.#at)) ?? [];
    this.#at += opening.length;
    if (/^\?<?[=!]$/.test(opening)) this.refused ??= "looks ahead or behind, which has no bound here";
    if (/^\?[a-z-]+:$/.test(opening)) this.refused ??= "changes flags inside, which not every reader knows";
    const node = this.parse();
    this.#take(")");
    return node;
  }

  #class(): Node {
    while (this.#at < this.text.length && !this.#take("]")) this.#at += this.#sees("\\") ? 2 : 1;
    return { kind: "character" };
  }

  #escape(): Node {
    const rest = this.text.slice(this.#at);
    const [whole = ""] =
      /^(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|k<[^>]*>|[\s\S])/u.exec(rest) ?? [];
    this.#at += whole.length;
    if (/^(?:[1-9]|k<)/.test(whole)) this.refused ??= "refers back to a group, which has no bound";
    return /^[bB]$/.test(whole) ? { kind: "assertion", text: whole } : { kind: "character" };
  }

  #repeat(of: Node): Node {
    const [whole, from, comma, to] = /^(?:\{(\d+)(,?)(\d*)\}|[*+?])/.exec(this.text.slice(this.#at)) ?? [];
    if (whole === undefined) return of;
    this.#at += whole.length;
    this.#take("?");
    if (whole === "?") return { kind: "repeat", of, min: 0, max: 1 };
    const min = from === undefined ? (whole === "+" ? 1 : 0) : Number(from);
    const isOpen = from === undefined || (comma === "," && to === "");
    const max = isOpen ? Number.POSITIVE_INFINITY : comma === "," ? Number(to) : min;
    this.isOpen ||= isOpen;
    return { kind: "repeat", of, min, max };
  }

  #sees(character: string): boolean {
    return this.text[this.#at] === character;
  }

  #take(character: string): boolean {
    if (!this.#sees(character)) return false;
    this.#at++;
    return true;
  }
}
