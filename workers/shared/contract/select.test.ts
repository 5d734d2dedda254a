import { expect, test } from "bun:test";
import { compileContract } from "./compile.ts";
import { selectSource, valueAt } from "./select.ts";
import { documentOf, SHIPPED_DOCUMENTS } from "./testing/documents.ts";

const shipped = compileContract(SHIPPED_DOCUMENTS);
const select = (value: unknown, headers: Readonly<Record<string, string>> = {}, contract = shipped) =>
  selectSource(contract, { value, header: (name) => headers[name] })?.name;

test("the source field decides; absent it is web, null and empty are none", () => {
  expect(select({ source: "lottery" })).toBe("lottery");
  expect(select({})).toBe("web");
  expect(select({ specversion: "1.0", event_id: "x" })).toBe("web");
  for (const source of [null, "", "webs", "we", "constructor", ["web"]]) expect(select({ source })).toBeUndefined();
});

test("headers, absent fields and paths inwards decide as well", () => {
  const contract = compileContract([
    documentOf({}, { source: "a", match: [{ header: "kind", equals: "a" }] }),
    documentOf(
      {},
      {
        source: "b",
        match: [
          { path: "$.context.app", equals: "b" },
          { path: "$.event_id", absent: true },
        ],
      },
    ),
    documentOf({}, { source: "c", match: [{ path: "$.c" }] }),
    documentOf({}, { source: "d", match: [{ header: "only" }] }),
  ]);
  expect(select({}, { kind: "a" }, contract)).toBe("a");
  expect(select({}, { kind: "A" }, contract)).toBeUndefined();
  expect(select({ context: { app: "b" } }, {}, contract)).toBe("b");
  expect(select({ context: { app: "b" }, event_id: null }, {}, contract)).toBeUndefined();
  expect(select({ context: "b" }, {}, contract)).toBeUndefined();
  expect(select({ c: null }, {}, contract)).toBe("c");
  expect(select({}, { only: "" }, contract)).toBe("d");
});

test("a path finds own fields only", () => {
  expect(valueAt(JSON.parse('{"__proto__":{"a":1}}'), ["a"])).toBeUndefined();
  expect(valueAt({}, ["constructor", "name"])).toBeUndefined();
  expect(valueAt([1], ["0"])).toBeUndefined();
  expect(valueAt({ a: { b: 0 } }, ["a", "b"])).toBe(0);
  expect(valueAt(7, [])).toBe(7);
});
