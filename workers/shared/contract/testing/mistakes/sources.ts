import { HEAD, type MistakeCase, one, repeat, shop } from "./case.ts";

/** Mistakes of this part. */
export const OF_SOURCES: readonly MistakeCase[] = [
  {
    what: "two sources that match one message",
    files: {
      "a.yaml": "apiVersion: countinghouse/v1\nsource: a\nmatch: [{path: $.kind, equals: a}]\ntypes: {x: {}}\n",
      "b.yaml": "apiVersion: countinghouse/v1\nsource: b\nmatch: ▸[{path: $.app, equals: b}]\ntypes: {x: {}}\n",
    },
    expected: [{ code: "SOURCES_OVERLAP", says: "a (a.yaml)", next: "different values" }],
  },
  {
    what: "two sources that both take what lacks the field",
    files: {
      "a.yaml":
        "apiVersion: countinghouse/v1\nsource: a\nmatch: [{path: $.kind, equals: a, default: true}]\ntypes: {x: {}}\n",
      "b.yaml":
        "apiVersion: countinghouse/v1\nsource: b\nmatch: ▸[{path: $.kind, equals: b, default: true}]\ntypes: {x: {}}\n",
    },
    expected: [{ code: "SOURCES_OVERLAP", says: "a (a.yaml)", next: "different values" }],
  },
  {
    what: "one source twice",
    files: { "a.yaml": shop("types: {x: {}}\n"), "b.yaml": shop("types: {y: {}}\n").replace("source: ", "source: ▸") },
    expected: [{ code: "KEY_TWICE", says: "a.yaml", next: "merge" }],
  },
  one(
    "a condition by header and path",
    shop("match: [▸{path: $.a, header: b}]\ntypes: {x: {}}\n"),
    "WRONG_VALUE",
    "path or a header",
    "docs/contract.md",
  ),
  one(
    "a match no message meets",
    shop("match: ▸[{path: $.a, equals: x}, {path: $.a, equals: y}]\ntypes: {x: {}}\n"),
    "WRONG_VALUE",
    "no message",
    "remove",
  ),
  one(
    "a condition that cannot be",
    shop("match: [{path: $.a, equals: x, absent: ▸true}]\ntypes: {x: {}}\n"),
    "WRONG_VALUE",
    "equals nothing",
    "remove",
  ),
  one(
    "a default without a value",
    shop("match: [{path: $.a, default: ▸true}]\ntypes: {x: {}}\n"),
    "WRONG_VALUE",
    "default",
    "equals",
  ),
  one("a source without types", HEAD.replace("source: ", "source: ▸"), "MISSING_KEY", "without types", "add types"),
  one(
    "types without a source",
    "apiVersion: countinghouse/v1\n▸types: {x: {}}\n",
    "MISSING_KEY",
    "names none",
    "add source",
  ),
  one(
    "1,001 types",
    shop(`types:\n${repeat(1_001, (i) => `  ${i === 1_000 ? "▸" : ""}t${i}: {}\n`)}`),
    "TOO_MANY",
    "1000 of a source",
    "column",
  ),
  one(
    "types that are not declared",
    shop("unknown_types: ▸accept\ntypes: {x: {}}\n"),
    "NOT_YET",
    "not declared",
    "declare",
  ),
  one(
    "another preset",
    shop("envelope: {preset: ▸cloudevents}\ntypes: {x: {}}\n"),
    "NOT_YET",
    "cloudevents",
    "countinghouse",
  ),
  one(
    "an attribute elsewhere",
    shop("envelope: {▸id: {from: $.id}}\ntypes: {x: {}}\n"),
    "NOT_YET",
    "preset",
    "remove it",
  ),
];
