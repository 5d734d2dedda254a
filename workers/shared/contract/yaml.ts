import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";
import type { DocumentPath, Mistake, MistakeCode } from "./mistake.ts";
import { pathText } from "./mistake.ts";

/** Largest file and largest file after its aliases are written out, in characters; a ConfigMap holds no more either. */
const MAX_CHARACTERS = 1_048_576;
/** Deeper than any schema a person writes; an alias inside of its own anchor ends here. */
const MAX_DEPTH = 64;

/** One YAML file as plain data, with the place of everything in it. */
export type ParsedYaml = {
  /** Undefined when the file is no YAML at all. */
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
  /** A mistake at a path of the document; where the path ends early, at its last part that is there. */
  mistakeAt(
    path: DocumentPath,
    code: MistakeCode,
    message: string,
    next: string,
    options?: { /** Point to the key instead of its value. */ readonly key?: boolean },
  ): Mistake;
};

/** Reads one file. Its data is that of JSON: texts, finite numbers that are exact, booleans, null, lists, and maps by text. */
export function parseYaml({ name, text }: { readonly name: string; readonly text: string }): ParsedYaml {
  const lines = new LineCounter();
  const mistakes: Mistake[] = [];
  const mistake = (offset: number, path: DocumentPath, code: MistakeCode, message: string, next: string): Mistake => {
    const { line, col } = lines.linePos(offset);
    return { file: name, line: Math.max(1, line), column: Math.max(1, col), path: pathText(path), code, message, next };
  };
  const add: Add = (...about) => void mistakes.push(mistake(...about));
  const isTooLarge = text.length > MAX_CHARACTERS;
  if (isTooLarge)
    add(0, [], "TOO_LARGE", `has ${text.length} characters`, `use files of at most ${MAX_CHARACTERS} characters`);
  if (text.startsWith("\uFEFF"))
    add(0, [], "ENCODING", "begins with a byte order mark", "save it as UTF-8 without BOM");
  const document = parseDocument(isTooLarge ? "" : text, { ...OPTIONS, lineCounter: lines });
  for (const { code, message, pos } of [...document.errors, ...document.warnings])
    add(pos[0], [], "YAML_SYNTAX", firstLine(message), SYNTAX_ADVICE[code] ?? USUAL_ADVICE);
  const aliases = resolveAliases(document);
  const isReadable = !isTooLarge && document.errors.length === 0;
  return {
    value: isReadable ? readAll(document, aliases, add) : undefined,
    mistakes,
    mistakeAt: (path, code, message, next, { key = false } = {}) =>
      mistake(offsetOf(document, aliases, path, key), path, code, message, next),
  };
}

/** Equal keys are looked for by the reader: the library compares each key of a map with each other. */
const OPTIONS = {
  logLevel: "error",
  merge: false,
  prettyErrors: false,
  resolveKnownTags: false,
  schema: "core",
  stringKeys: true,
  uniqueKeys: false,
} as const;

/** What each alias stands for. The library looks for an anchor through the whole document each time. */
type Aliases = ReadonlyMap<unknown, Node>;

function resolveAliases(document: Document): Aliases {
  const anchors = new Map<string, Node>();
  const aliases = new Map<unknown, Node>();
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target !== undefined) aliases.set(node, target);
      } else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return aliases;
}

const USUAL_ADVICE = "correct the YAML there; indentation is by spaces, and texts with : or # need quotes";
const SYNTAX_ADVICE: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "put each source into a file of its own",
  TAG_RESOLVE_FAILED: "remove the tag; values are texts, numbers, booleans, lists and maps",
};

const firstLine = (text: string) => text.split("\n")[0]?.replace(/; please use .*$/, "") ?? text;

type Add = (offset: number, path: DocumentPath, code: MistakeCode, message: string, next: string) => void;

/** Undefined when it is too large: what is cut off would be missed elsewhere. */
function readAll(document: Document, aliases: Aliases, add: Add): unknown {
  const reader = new Reader(aliases, add);
  const value = reader.read(document.contents, [], 0);
  return reader.isFull ? undefined : value;
}

/** Turns nodes into data; aliases are written out, so that what they grow to is bounded here. */
class Reader {
  #size = 0;
  isFull = false;

  constructor(
    private readonly aliases: Aliases,
    private readonly add: Add,
  ) {}

  read(node: unknown, path: DocumentPath, depth: number): unknown {
    if (this.isFull || node === null || node === undefined) return null;
    const offset = offsetIn(node as Node);
    if (depth > MAX_DEPTH) return this.#stop(offset, path, `is nested deeper than ${MAX_DEPTH} levels`);
    this.#size += 2;
    if (this.#size > MAX_CHARACTERS)
      return this.#stop(offset, path, `is larger than ${MAX_CHARACTERS} characters with its aliases written out`);
    if (isAlias(node)) return this.read(this.aliases.get(node), path, depth + 1);
    if (isMap(node)) return this.#map(node.items, path, depth);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, [...path, index], depth + 1));
    return isScalar(node) ? this.#scalar(node.value, String(node.source ?? ""), offset, path) : null;
  }

  #map(pairs: readonly { key: unknown; value: unknown }[], path: DocumentPath, depth: number): unknown {
    const map: Record<string, unknown> = {};
    const seen = new Set<string>();
    for (const pair of pairs) {
      const key = keyText(pair.key);
      const offset = offsetIn(pair.key as Node);
      this.#size += key.length;
      if (key === "__proto__" || key === "<<") {
        const next = key === "<<" ? "name an anchor where its value belongs: key: *anchor" : "choose another name";
        this.add(offset, [...path, key], "UNKNOWN_KEY", `${key} is no key here`, next);
        continue;
      }
      if (seen.has(key)) {
        this.add(offset, [...path, key], "DUPLICATE_KEY", "stands here a second time", "remove or rename one of them");
        continue;
      }
      seen.add(key);
      map[key] = this.read(pair.value, [...path, key], depth + 1);
    }
    return map;
  }

  #scalar(value: unknown, source: string, offset: number, path: DocumentPath): unknown {
    this.#size += source.length;
    if (typeof value !== "number") return value;
    const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    if (!isExact) {
      const next = "use a number within ±9007199254740991, or put a text in quotes";
      this.add(offset, path, "NUMBER_NOT_EXACT", `${source} cannot be kept exactly`, next);
      return 0;
    }
    return value;
  }

  #stop(offset: number, path: DocumentPath, message: string): null {
    this.isFull = true;
    this.add(
      offset,
      path.slice(0, 6),
      "TOO_LARGE",
      message,
      "make it smaller; an alias repeats all that its anchor holds",
    );
    return null;
  }
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

const offsetIn = (node: Node | null | undefined): number => node?.range?.[0] ?? 0;

/** Where the node at a path begins; with `key`, its key. What is not there stands where its nearest parent does. */
function offsetOf(document: Document, aliases: Aliases, path: DocumentPath, key: boolean): number {
  let node: unknown = document.contents;
  let offset = offsetIn(node as Node | null);
  for (const [depth, part] of path.entries()) {
    if (isAlias(node)) node = aliases.get(node);
    if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      if (node === undefined) return offset;
      offset = offsetIn(node as Node);
      continue;
    }
    const pair = isMap(node) ? node.items.find((item) => keyText(item.key) === String(part)) : undefined;
    if (pair === undefined) return offset;
    node = pair.value;
    const isLast = depth === path.length - 1;
    offset = offsetIn((isLast && !key && node !== null ? node : pair.key) as Node);
  }
  return offset;
}
