/**
 * One file, or several, with a mistake of each kind. `▸` stands where it is to be named, and is no part of the file.
 * `says` and `next` are parts of the message and of the advice.
 */
export type MistakeCase = {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  /** In the order of files and lines. */
  readonly expected: readonly { readonly code: string; readonly says: string; readonly next: string }[];
};

/** A case of one file and one mistake. */
export const one = (what: string, text: string, code: string, says: string, next: string): MistakeCase => ({
  what,
  files: { "shop.yaml": text },
  expected: [{ code, says, next }],
});

/** How the files begin. */
export const HEAD = "apiVersion: countinghouse/v1\nsource: shop\n";
/** The file of source `shop`, with these keys. */
export const shop = (text: string) => `${HEAD}${text}`;
/** A type with this payload schema. */
export const schema = (text: string, rest = "") => shop(`types:\n  order:\n    schema: ${text}\n${rest}`);
/** A payload with a field of each kind. */
export const PRICED =
  "{type: object, properties: {price: {type: number}, weight: {type: number}, code: {type: string, maxLength: 8}, note: {type: string}, count: {type: integer}}}";
/** A type with a column of each field of {@link PRICED}, a type without columns, and this behind them. */
export const priced = (rest: string) =>
  schema(
    PRICED,
    `    columns: {price: "decimal(9,2)", weight: float64, code: keyword, note: string, count: int64}\n  visit: {}\n${rest}`,
  );
/** The same with one metric. */
export const metric = (text: string) => priced(`metrics:\n  - ${text}\n`);
/** Lines, joined. */
export const repeat = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("");
