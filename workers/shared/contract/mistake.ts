/** What can be wrong with the files of a contract. */
export const MISTAKE_CODES = [
  "COLUMN_TWO_TYPES",
  "DUPLICATE_KEY",
  "EMPTY",
  "ENCODING",
  "KEYWORD",
  "KEY_TWICE",
  "MISSING_KEY",
  "NAME_INVALID",
  "NAME_RESERVED",
  "NOT_DECLARED",
  "NOT_EXACT",
  "NOT_YET",
  "NUMBER_NOT_EXACT",
  "PATH_IMPOSSIBLE",
  "REGEX_EXPLODES",
  "REGEX_INVALID",
  "SOURCES_OVERLAP",
  "TOO_LARGE",
  "TOO_MANY",
  "UNBOUNDED",
  "UNKNOWN_KEY",
  "UNREADABLE",
  "WRONG_VALUE",
  "YAML_SYNTAX",
] as const;

export type MistakeCode = (typeof MISTAKE_CODES)[number];

/** Where something stands in a file of a contract: keys and indexes from its root. */
export type DocumentPath = readonly (string | number)[];

/** One thing wrong with a contract, and what to do about it. */
export type Mistake = {
  /** Name of the file in the contract's folder. */
  readonly file: string;
  /** From 1, in lines and UTF-16 units, as editors count. */
  readonly line: number;
  readonly column: number;
  /** `types.login.schema`; empty for the file as a whole. */
  readonly path: string;
  readonly code: MistakeCode;
  readonly message: string;
  readonly next: string;
};

/** `lottery.yaml:12:7`, the form in which editors and terminals make places clickable. */
export const placeOf = ({ file, line, column }: Mistake): string => `${file}:${line}:${column}`;

/** In the order of files and lines. */
export function sortMistakes(mistakes: readonly Mistake[]): Mistake[] {
  return mistakes.toSorted(
    (a, b) =>
      compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.message, b.message),
  );
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Two lines a mistake: where and what, and below it what to do. `folder` stands before the file's name. */
export function renderMistake(mistake: Mistake, folder = ""): string {
  // The last part of the path is what the message speaks of.
  const path = mistake.path.includes(".") || mistake.path.includes("[") ? `${mistake.path}: ` : "";
  return `${folder}${placeOf(mistake)}: ${path}${mistake.message} [${mistake.code}]\n  next: ${mistake.next}`;
}

/** `types.ticket_purchased.columns.amount`, `metrics[2].key`. */
export function pathText(path: DocumentPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}
