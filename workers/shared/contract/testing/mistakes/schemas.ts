import { type MistakeCase, one, repeat, schema } from "./case.ts";

/** Mistakes of this part. */
export const OF_SCHEMAS: readonly MistakeCase[] = [
  one(
    "a keyword beyond the subset",
    schema("{type: object, ▸unevaluatedProperties: false}"),
    "KEYWORD",
    "unevaluatedProperties",
    "additionalProperties",
  ),
  one(
    "a keyword nothing judges",
    schema("{type: object, properties: {at: {type: string, ▸format: date-time}}}"),
    "KEYWORD",
    "format",
    "not be judged",
  ),
  one(
    "a schema from elsewhere",
    schema("{$ref: ▸https://example.com/order.json}"),
    "WRONG_VALUE",
    "#/$defs/NAME",
    "docs",
  ),
  one(
    "a reference to nothing",
    schema("{type: object, properties: {a: {$ref: ▸'#/$defs/b'}}}"),
    "NOT_DECLARED",
    "#/$defs/b",
    "$defs",
  ),
  one(
    "a reference in circles",
    schema("{$defs: {a: {items: {$ref: ▸'#/$defs/a'}}}, properties: {a: {$ref: '#/$defs/a'}}}"),
    "KEYWORD",
    "without end",
    "levels",
  ),
  one(
    "references that multiply",
    schema(
      `{$defs: {${repeat(13, (i) => `d${i}: {allOf: [{$ref: '#/$defs/d${i + 1}'}, {$ref: '#/$defs/d${i + 1}'}]}, `)}d13: {}}, properties: {a: {$ref: '#/$defs/d0'}}}`,
    ).replace("schema:", "▸schema:"),
    "TOO_MANY",
    "5000 schemas",
    "smaller",
  ),
  one("definitions inside", schema("{properties: {a: {▸$defs: {b: {}}}}}"), "KEYWORD", "$defs", "top"),
  one("a payload that is no object", schema("{type: ▸array}"), "WRONG_VALUE", "always an object", "type: object"),
  one(
    "a keyword of another type",
    schema("{properties: {a: {type: string, ▸minimum: 1}}}"),
    "KEYWORD",
    "type string",
    "type: number",
  ),
  one(
    "a value of another type",
    schema("{properties: {a: {type: string, enum: [a, ▸1]}}}"),
    "WRONG_VALUE",
    "1 is not of type string",
    "quotes",
  ),
  one("if without then", schema("{▸if: {required: [a]}}"), "KEYWORD", "then or else", "remove it"),
  one(
    "required but not declared",
    schema("{properties: {amount: {}}, required: [▸amout]}"),
    "NOT_DECLARED",
    "amout",
    "did you mean amount?",
  ),
  one(
    "a fraction as a step",
    schema("{properties: {a: {type: number, multipleOf: ▸0.01}}}"),
    "WRONG_VALUE",
    "whole number",
    "docs",
  ),
  one(
    "items compared with each other",
    schema("{properties: {a: {type: array, ▸uniqueItems: true}}}"),
    "KEYWORD",
    "compared",
    "items:",
  ),
];

const pattern = (text: string, rest = "") => schema(`{properties: {a: {type: string, pattern: ▸'${text}'${rest}}}}`);
const explodes = (what: string, text: string, rest = "") =>
  one(what, pattern(text, rest), "REGEX_EXPLODES", "", "repeat single characters");
/** Mistakes of this part. */
export const OF_PATTERNS: readonly MistakeCase[] = [
  one("a pattern that is none", pattern("[a-"), "REGEX_INVALID", "", "flag u"),
  explodes("a repetition in a repetition", "^(a+)+$", ", maxLength: 100"),
  explodes("alternatives that are the same, repeated", "^(?:a|a)*$", ", maxLength: 100"),
  explodes("alternatives of different lengths, repeated with a bound", "^(?:a|aa){1,40}$"),
  explodes("repetitions beside each other", "a*a*a*b", ", maxLength: 200"),
  explodes("a repetition without a bound of the text", "^a+$"),
  explodes("a bound of the text that is too large", "^a+$", ", maxLength: 1025"),
  explodes("a reference to a group", "^(a)\\1$"),
  explodes("a look ahead", "^(?=a)a$"),
  explodes("a look behind", "^a(?<!b)$"),
  one("a pattern of names", schema("{patternProperties: {▸'^(a+)+$': {}}}"), "REGEX_EXPLODES", "", "repeat"),
];
