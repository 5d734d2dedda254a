import { quote, type Token, tokens } from "./sql.ts";

/** What the front has to do with a statement. */
export type Statement =
  /** A query with a result of any size: it is written to a file first, then sent. */
  | { readonly kind: "select"; readonly format: string; readonly into: (file: string) => string }
  /** An INSERT whose rows are in the request's body. */
  | { readonly kind: "insert"; readonly format: string; readonly from: (file: string) => string }
  /** Anything else: handed to the engine as it stands. */
  | { readonly kind: "other"; readonly format: string; readonly sql: string };

/** The text holds more than one statement, which ClickHouse's HTTP interface refuses. */
export class MultiStatementError extends Error {
  readonly code = "multi_statement";
  readonly retry = false;
}

/**
 * Decides how a statement is run. `hasData` tells that the statement came in the URL and a body with rows follows.
 * @throws {MultiStatementError} when another statement follows a semicolon.
 */
export function parseStatement(text: string, hasData: boolean, defaultFormat: string): Statement {
  const first = firstWord(text);
  if (first === "INSERT") return hasData ? parseInsert(text) : { kind: "other", format: defaultFormat, sql: text };
  const all = [...tokens(text)];
  const semicolon = all.findIndex((token) => token.text === ";" && token.kind === "symbol");
  if (semicolon >= 0 && all.slice(semicolon).some((token) => token.text !== ";")) {
    throw new MultiStatementError("Syntax error (Multi-statements are not allowed)");
  }
  const body = semicolon >= 0 ? all.slice(0, semicolon) : all;
  const end = body.at(-1)?.end ?? 0;
  const sql = text.slice(0, end);
  const format = formatClause(body);
  const name = format === undefined ? defaultFormat : sql.slice(format.name.start, format.name.end);
  if (!isSelect(first, body)) return { kind: "other", format: name, sql };
  const head = sql.slice(0, format?.keyword.start ?? end);
  const rest = format === undefined ? `FORMAT ${name}` : sql.slice(format.keyword.start);
  return { kind: "select", format: name, into: (file) => `${head}\nINTO OUTFILE ${quote(file)} TRUNCATE ${rest}` };
}

/**
 * The first `{name:Type}` of a statement without a value. The engine would take the value an earlier request left in the
 * session. Rows inside the text of an INSERT are not looked at.
 */
export function missingParameter(
  text: string,
  statement: Statement,
  params: ReadonlyMap<string, string>,
): string | undefined {
  if (!text.includes("{")) return undefined;
  const inlineRows = statement.kind === "other" && firstWord(text) === "INSERT";
  let [before, name]: (Token | undefined)[] = [];
  for (const token of tokens(text)) {
    if (inlineRows && token.depth === 0 && (token.text === "VALUES" || token.text === "FORMAT")) return undefined;
    if (before?.text === "{" && name?.kind === "word" && token.text === ":") {
      const written = text.slice(name.start, name.end);
      if (!params.has(written)) return written;
    }
    [before, name] = [name, token];
  }
  return undefined;
}

/** Whether a statement changes its session for good: SET, USE, CREATE TEMPORARY TABLE. */
export function spoilsSession(text: string): boolean {
  const head: string[] = [];
  for (const token of tokens(text)) if (head.push(token.text) === 4) break;
  return (
    head[0] === "SET" ||
    head[0] === "USE" ||
    (head[0] === "CREATE" && (head[1] === "TEMPORARY" || head[3] === "TEMPORARY"))
  );
}

/** Formats whose rows are bytes, not text. */
const BINARY_FORMAT = /^(Native|RowBinary.*|Parquet|Arrow.*|ORC|Avro|MsgPack|BSONEachRow)$/i;

const ROWS_FROM_ELSEWHERE: ReadonlySet<string> = new Set(["INFILE", "SELECT", "WITH", "VALUES"]);

/**
 * Where the rows start in a body that is `INSERT … FORMAT Native` followed by rows, and likewise for the other binary
 * formats; undefined for any other body. `head` are its first bytes, one character each.
 */
export function binaryRowsAt(head: string): number | undefined {
  let [first, before]: (Token | undefined)[] = [];
  for (const token of tokens(head)) {
    first ??= token;
    if (first.text !== "INSERT") return undefined;
    if (token.kind === "word" && token.depth === 0 && ROWS_FROM_ELSEWHERE.has(token.text)) return undefined;
    if (before?.text === "FORMAT" && before.kind === "word" && before.depth === 0) {
      if (!BINARY_FORMAT.test(token.text)) return undefined;
      // As the server: blanks, then at most one end of line, belong to the statement.
      return token.end + (/^[ \t\f]*\r?\n?/.exec(head.slice(token.end))?.[0].length ?? 0);
    }
    before = token;
  }
  return undefined;
}

function firstWord(text: string): string | undefined {
  for (const token of tokens(text)) if (token.text !== "(") return token.text;
  return undefined;
}

function isSelect(first: string | undefined, body: readonly Token[]): boolean {
  if (first === "SELECT") return true;
  return first === "WITH" && !body.some((token) => token.text === "INSERT" && token.kind === "word");
}

/** The `FORMAT name` at the end of a statement; only SETTINGS may follow it. */
function formatClause(body: readonly Token[]): { keyword: Token; name: Token } | undefined {
  for (let at = body.length - 2; at >= 0; at -= 1) {
    const [keyword, name, after] = [body[at], body[at + 1], body[at + 2]];
    if (keyword?.text !== "FORMAT" || keyword.kind !== "word" || keyword.depth !== 0 || name?.kind !== "word") continue;
    return after === undefined || after.text === "SETTINGS" ? { keyword, name } : undefined;
  }
  return undefined;
}

/** `INSERT INTO t (c) [SETTINGS …] FORMAT f` or `… VALUES`: the engine reads the rows from a file, so FROM INFILE goes in. */
function parseInsert(text: string): Statement {
  let settings: Token | undefined;
  let format: Token | undefined;
  for (const token of tokens(text)) {
    if (token.depth !== 0) continue;
    if (format !== undefined) {
      if (token.kind !== "word") break;
      const name = text.slice(token.start, token.end);
      const head = text.slice(0, (settings ?? format).start);
      const clause = settings === undefined ? "" : text.slice(settings.start, format.start);
      return { kind: "insert", format: name, from: (file) => `${head}${infile(file)} ${clause}FORMAT ${name}` };
    }
    if (token.kind !== "word") continue;
    if (token.text === "SELECT" || token.text === "WITH") break;
    if (token.text === "SETTINGS") settings ??= token;
    if (token.text === "FORMAT") format = token;
    if (token.text === "VALUES") {
      const head = text.slice(0, (settings ?? token).start);
      const clause = settings === undefined ? "" : text.slice(settings.start, token.start);
      return { kind: "insert", format: "Values", from: (file) => `${head}${infile(file)} ${clause}FORMAT Values` };
    }
  }
  return { kind: "other", format: "TabSeparated", sql: text };
}

function infile(file: string): string {
  return ` FROM INFILE ${quote(file)} COMPRESSION 'none'`;
}
