import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { EVENT_TYPES } from "../event/schema.ts";
import type { ContractDocument } from "./document.ts";
import { SHIPPED_FILES } from "./shipped.ts";

const documents = SHIPPED_FILES.map(({ text }) => Bun.YAML.parse(text) as ContractDocument);

test("every file of contract/ is embedded, as it stands there", async () => {
  const folder = join(import.meta.dir, "../../../contract");
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  expect(SHIPPED_FILES.map(({ name }) => name).toSorted()).toEqual(files.toSorted());
  for (const { name, text } of SHIPPED_FILES) expect(text).toBe(await Bun.file(join(folder, name)).text());
});

test("the files declare the sources and types there are, in their order", () => {
  const declared = documents.flatMap(({ source, types = {} }) =>
    source === undefined ? [] : [[source, Object.keys(types)] as const],
  );
  expect(declared).toEqual(Object.entries(EVENT_TYPES).map(([source, types]) => [source, [...types]]));
});

test("what metrics and views name is declared", () => {
  const metrics = documents.flatMap((document) => document.metrics ?? []);
  const keys = metrics.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  const shown = documents.flatMap(({ views = [] }) => views.flatMap(({ columns }) => Object.values(columns)));
  expect(shown.length).toBe(23);
  for (const { metric } of shown) expect(keys).toContain(metric);
  const types = documents.flatMap((document) => Object.entries(document.types ?? {}));
  for (const { event_type, value_property = "", dimensions = {} } of metrics) {
    const named = event_type === "*" ? [] : [event_type].flat();
    const paths = [value_property, ...Object.values(dimensions)].filter((text) => text.startsWith("$."));
    for (const name of named) {
      const columns = types.filter(([type]) => type === name).map(([, type]) => Object.keys(type.columns ?? {}));
      expect([name, columns.length > 0]).toEqual([name, true]);
      for (const path of paths) for (const known of columns) expect(known).toContain(path.slice(2));
    }
  }
});
