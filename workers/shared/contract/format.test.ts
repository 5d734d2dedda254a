import { expect, test } from "bun:test";
import { Ajv } from "ajv";
import type { ContractDocument, MetricDoc, TypeDoc, ViewDoc } from "./document.ts";
import { DocumentSchema, formatSchema, MetricSchema, TypeSchema, ViewSchema } from "./format.ts";
import { SHIPPED_FILES } from "./shipped.ts";
import { MISTAKE_CASES } from "./testing/mistakes.ts";
import { parseYaml } from "./yaml.ts";

const forEditors = new Ajv({ strict: false, validateFormats: false }).compile(formatSchema() as object);
const read = (text: string) => parseYaml({ name: "x.yaml", text: text.replaceAll("▸", "") }).value;

test("what editors check by accepts the shipped files", () => {
  for (const { text } of SHIPPED_FILES) expect([text, forEditors(read(text))]).toEqual([text, true]);
});

test("it refuses what is refused at start for its shape, and nothing else", () => {
  const texts = MISTAKE_CASES.flatMap(({ files }) => Object.values(files)).filter((text) => text.length < 5_000);
  const readable = texts.map((text) => [text, read(text)] as const).filter(([, value]) => value !== undefined);
  expect(readable.length).toBeGreaterThan(80);
  for (const [text, value] of readable)
    expect([text, forEditors(value)]).toEqual([text, DocumentSchema.safeParse(value).success]);
});

test("the shape has the keys that the types of a document have", () => {
  // The compiler sees to it that no key of a type is missing here.
  const document: Record<keyof ContractDocument, 1> = {
    apiVersion: 1,
    source: 1,
    title: 1,
    match: 1,
    envelope: 1,
    unknown_types: 1,
    duplicate_keys: 1,
    types: 1,
    metrics: 1,
    views: 1,
  };
  const type: Record<keyof TypeDoc, 1> = { schema: 1, data: 1, columns: 1 };
  const metric: Record<keyof MetricDoc, 1> = {
    key: 1,
    comment: 1,
    sources: 1,
    event_type: 1,
    aggregation: 1,
    value_property: 1,
    dimensions: 1,
    max_groups: 1,
    where_present: 1,
  };
  const view: Record<keyof ViewDoc, 1> = { name: 1, period: 1, comment: 1, rows: 1, columns: 1 };
  expect(Object.keys(DocumentSchema.shape)).toEqual(Object.keys(document));
  expect(Object.keys(TypeSchema.shape)).toEqual(Object.keys(type));
  expect(Object.keys(MetricSchema.shape)).toEqual(Object.keys(metric));
  expect(Object.keys(ViewSchema.shape)).toEqual(Object.keys(view));
});
