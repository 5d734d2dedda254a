import { describe, expect, test } from "bun:test";
import type { ColumnType, ContractDocument } from "../../shared/contract/document.ts";
import { declaredColumns } from "./columns.ts";
import { createContract, createContractByTime, type Judge } from "./contract.ts";
import { readDocuments } from "./documents.ts";

/** Documents of other people's events, as the audit reads them. */

const limits = { maxAgeMs: 30 * 86_400_000, maxFutureMs: 600_000, maxBytes: 2_000_000 };
const appendMs = Date.UTC(2026, 4, 1, 12);
const base = {
  event_id: "7f1d0000-1111-4222-8333-444455556666",
  user_id: "u",
  event_type: "paid",
  event_time: "2026-05-01T12:00:00Z",
  received_time: "2026-05-01T12:00:01Z",
  source: "shop",
};
const shop = (more: Partial<ContractDocument> = {}): ContractDocument => ({
  apiVersion: "countinghouse/v1",
  source: "shop",
  types: { paid: {} },
  ...more,
});
const bytes = (message: unknown) => Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
const verdictOf = (
  documents: readonly ContractDocument[],
  message: unknown,
  headers?: Record<string, string | Buffer | Buffer[]>,
) => {
  const verdict = createContract(limits, documents)(bytes(message), appendMs, headers);
  return verdict.ok ? verdict.event : verdict.errorClass;
};
/** The JSON of a payload's only field, put into the base event as it is. */
const withPayload = (payload: string) => `${JSON.stringify(base).slice(0, -1)},"payload":${payload}}`;

describe("a match", () => {
  test("without one it is the field source; a message of no source is refused", () => {
    expect(verdictOf([shop()], base)).toMatchObject({ source: "shop", type: "paid", extra: "" });
    for (const source of ["other", null, "", undefined, 5, ["shop"]])
      expect(verdictOf([shop()], { ...base, source })).toBe("schema");
    expect(verdictOf([shop()], { ...base, event_type: "unpaid" })).toBe("schema");
    expect(verdictOf([shop()], { ...base, event_type: "constructor" })).toBe("schema");
    expect(verdictOf([], base)).toBe("schema");
  });

  test("by default: absent counts as equal, null does not", () => {
    const documents = [shop({ match: [{ path: "$.source", equals: "shop", default: true }] })];
    const { source: _, ...unnamed } = base;
    expect(verdictOf(documents, unnamed)).toMatchObject({ source: "shop" });
    expect(verdictOf(documents, { ...base, source: null })).toBe("schema");
  });

  test("by several conditions: a header, a nested field, and one that must be absent", () => {
    const documents = [
      shop({
        match: [{ header: "origin", equals: "shop" }, { path: "$.meta.kind" }, { path: "$.specversion", absent: true }],
      }),
    ];
    const message = { ...base, meta: { kind: null } };
    const headers = { origin: [Buffer.from("shop"), Buffer.from("other")] };
    // A field whose value the condition does not fix is kept, and so is the source, which is nobody's field here.
    expect(verdictOf(documents, message, headers)).toMatchObject({ extra: '{"source":"shop","meta":{"kind":null}}' });
    expect(verdictOf(documents, message, { origin: "other" })).toBe("schema");
    expect(verdictOf(documents, message)).toBe("schema");
    expect(verdictOf(documents, { ...base, meta: [] }, headers)).toBe("schema");
    expect(verdictOf(documents, { ...message, specversion: null }, headers)).toBe("schema");
  });
});

test("an envelope elsewhere: fields by path, an id that is no UUID, no time of receipt", () => {
  const documents = [
    shop({
      envelope: {
        id: { from: "$.order", type: "string" },
        time: { from: "$.at.time", type: "iso8601" },
        type: { from: "$.kind" },
        subject: { from: "$.who", optional: true },
        received: { from: "$.got", optional: true },
        data: { from: "$.body" },
      },
    }),
  ];
  const message = { source: "shop", order: "A-1", at: { time: "2026-05-01 12:00+0200" }, kind: "paid", body: { x: 1 } };
  expect(verdictOf(documents, message)).toMatchObject({
    // printf 'shop\0A-1' | sha256sum, with the bits of version 8.
    id: "c4d994b3-f086-8720-b4af-173de7832e62",
    timeMs: Date.UTC(2026, 4, 1, 10),
    receivedMs: appendMs,
    userId: "",
    payload: '{"x":1}',
    extra: '{"order":"A-1","at":{"time":"2026-05-01 12:00+0200"}}',
  });
  for (const order of ["", "a\0", "\ud800", 7, null])
    expect(verdictOf(documents, { ...message, order })).toBe("schema");
  for (const time of ["2026-05-01T12:00:60Z", "2026-05-01T12:00Z[UTC]", "2026-05-01T24:00Z", "2026-05-01T12:00", 5])
    expect(verdictOf(documents, { ...message, at: { time } })).toBe("schema");
  for (const time of ["2026-05-01t10:00:00,123456789012z", "2026-05-01 12:00:00.123+02"])
    expect(verdictOf(documents, { ...message, at: { time } })).toMatchObject({
      timeMs: Date.UTC(2026, 4, 1, 10) + 123,
    });
});

describe("a column", () => {
  const judges = new Map<string, Judge>();
  const read = (type: ColumnType, json: string, numbers: "digits" | "double" = "digits") => {
    const key = `${type} ${numbers}`;
    const judge =
      judges.get(key) ?? createContract(limits, [shop({ types: { paid: { columns: { x: { type, numbers } } } } })]);
    judges.set(key, judge);
    const verdict = judge(bytes(withPayload(`{"x":${json}}`)), appendMs);
    return verdict.ok ? verdict.event.columns.get("x") : verdict.errorClass;
  };

  test("of decimals takes the digits that were sent, by value", () => {
    for (const [json, units] of [
      ["12345678901234.5678", 123456789012345678n],
      ['"12345678901234.5678"', 123456789012345678n],
      ["1.00000", 10_000n],
      ["1e3", 10_000_000n],
      ["15E-1", 15_000n],
      ["-0", 0n],
      ["-0.0001", -1n],
      ["0e99999999999999999999", 0n],
      [`1.${"0".repeat(5_000)}`, 10_000n],
      [`1${"0".repeat(5_000)}e-5000`, 10_000n],
    ] as const)
      expect([json.slice(0, 30), read("decimal(18,4)", json)]).toEqual([json.slice(0, 30), units]);
    for (const json of [
      "0.00005",
      "1e400",
      "1e-400",
      "123456789012345.0001",
      "1e14",
      '"1,5"',
      '" 1"',
      '"+1"',
      '"01"',
      '""',
    ])
      expect([json, read("decimal(18,4)", json)]).toEqual([json, "schema"]);
    expect(read("decimal(18,4)", "null")).toBeUndefined();
    for (const json of ["true", "[]", "{}"]) expect(read("decimal(18,4)", json)).toBe("schema");
  });

  test("of decimals by the double takes its shortest text", () => {
    expect(read("decimal(18,4)", "0.1000000000000000055", "double")).toBe(1_000n);
    expect(read("decimal(18,4)", "0.1000000000000000055")).toBe("schema");
    expect(read("decimal(18,4)", "1e-7", "double")).toBe("schema");
  });

  test("of whole numbers takes 2^53 + 1 and all of 64 bits, and nothing beyond", () => {
    expect(read("int64", "9007199254740993")).toBe(9_007_199_254_740_993n);
    expect(read("int64", "9223372036854775807")).toBe(2n ** 63n - 1n);
    expect(read("int64", "-9223372036854775808")).toBe(-(2n ** 63n));
    for (const json of ["9223372036854775808", "-9223372036854775809", "1.5", "1e19"])
      expect(read("int64", json)).toBe("schema");
  });

  test("of texts, times and others", () => {
    expect(read("keyword", '"\\u00e9"')).toBe("é");
    expect(read("string", '"\\ud800"')).toBe("schema");
    expect(read("string", "5")).toBe("schema");
    expect(read("bool", "false")).toBe(false);
    expect(read("bool", '"false"')).toBe("schema");
    expect(read("timestamp", '"2026-05-01T12:00:00.5Z"')).toBe(appendMs + 500);
    expect(read("timestamp", "1777636800000")).toBe("schema");
    expect(read("float64", "1.5")).toBe(1.5);
    expect(read("float64", "1e400")).toBe("schema");
  });

  test("is found by its path, also where the object was not printed as it was sent", () => {
    const documents = [shop({ types: { paid: { columns: { x: { type: "int64", from: "$.a.b" } } } } })];
    const columns = (payload: string) => {
      const event = verdictOf(documents, withPayload(payload));
      return typeof event === "string" ? event : [...event.columns];
    };
    expect(columns('{"a":{"b":7}}')).toEqual([["x", 7n]]);
    expect(columns('{ "a" : { "b": 9007199254740993 } }')).toEqual([["x", 9_007_199_254_740_993n]]);
    expect(columns('{"a":[{"b":7}]}')).toEqual([]);
    expect(columns('{"a":{"b":7,"b":8}}')).toBe("schema");
  });

  test("is listed once, whatever documents and types declare it", () => {
    const types = {
      paid: { columns: { x: "int64" } },
      sent: { columns: { x: { type: "int64" }, a: "keyword" } },
    } as const;
    expect(declaredColumns([shop({ types }), shop({ source: "b", types: { paid: types.paid } })])).toEqual([
      { name: "a", type: "keyword" },
      { name: "x", type: "int64" },
    ]);
  });
});

test("a declared key that occurs twice is refused, however it is spelled, unless the last one counts", () => {
  const types = { paid: { columns: { x: "int64" } } } as const;
  const doubled = [
    `${JSON.stringify(base).slice(0, -1)},"user_id":"v"}`,
    `${JSON.stringify(base).slice(0, -1)},"user\\u005fid":"v"}`,
    withPayload('{"x":1,"x":2}'),
    withPayload('{"x":1}').replace(/}$/, ',"payload":{}}'),
  ];
  for (const text of doubled) {
    expect(verdictOf([shop({ types })], text)).toBe("schema");
    expect(verdictOf([shop({ types, duplicate_keys: "last" })], text)).toMatchObject({ source: "shop" });
  }
  expect(verdictOf([shop({ types })], withPayload('{"y":1,"y":2}'))).toMatchObject({ payload: '{"y":1,"y":2}' });
});

describe("versions", () => {
  const wider = {
    paid: { columns: { x: "int64" }, schema: { type: "object", properties: { y: { type: "string" } } } },
  } as const;
  const judge = createContractByTime(limits, [
    { sinceMs: appendMs, documents: [shop({ types: { ...wider, sent: {} } })] },
    { sinceMs: 0, documents: [shop({ types: { paid: { schema: { required: ["y"] } } } })] },
  ]);
  const at = (ms: number, message: string) => {
    const verdict = judge(bytes(message), ms);
    return verdict.ok ? [...verdict.event.columns] : verdict.errorClass;
  };

  test("the verdict is that of the version that held when the message was appended", () => {
    const later = withPayload("{}");
    expect(at(appendMs - 1, later)).toBe("schema");
    expect(at(appendMs, later)).toEqual([]);
    expect(at(appendMs - 1, withPayload('{"y":5}'))).toEqual([]);
    expect(at(appendMs, withPayload('{"y":5}'))).toBe("schema");
    expect(at(-1, withPayload('{"y":5}'))).toBe("schema");
  });

  test("columns are those of the newest; what does not fit one that came later is absent", () => {
    expect(at(appendMs - 1, withPayload('{"y":"a","x":9007199254740993}'))).toEqual([["x", 9_007_199_254_740_993n]]);
    expect(at(appendMs - 1, withPayload('{"y":"a","x":1.5}'))).toEqual([]);
    expect(at(appendMs, withPayload('{"y":"a","x":1.5}'))).toBe("schema");
  });
});

test("what the audit cannot read proves nothing", () => {
  const documents = (more: Partial<ContractDocument>) => () => createContract(limits, [shop(more)]);
  expect(documents({ envelope: { preset: "segment" } })).toThrow(/cannot read the envelope segment/);
  expect(documents({ envelope: { time: { from: "$.t", type: "epoch_ms" } } })).toThrow(/a time of type epoch_ms/);
  expect(documents({ envelope: { data: { from: "$" } } })).toThrow(/data that is the whole message/);
  expect(documents({ types: { paid: { columns: { x: "decimal(30,2)" } } } })).toThrow(/a column of type/);
  expect(documents({ match: [{ path: "source" }] })).toThrow(/the path source/);
});

test("a message may be nested as deeply as it can be parsed", () => {
  for (const depth of [3_800, 100_000]) {
    const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const event = verdictOf([shop()], `${JSON.stringify(base).slice(0, -1)},"deep":${deep}}`);
    expect(typeof event === "string" ? event : event.extra.length).toBe(deep.length + 9);
  }
});

test("files are read with their anchors", () => {
  const text = "apiVersion: countinghouse/v1\nsource: shop\ntypes:\n  paid: &a { columns: { x: int64 } }\n  sent: *a\n";
  expect(declaredColumns(readDocuments([{ text }]))).toEqual([{ name: "x", type: "int64" }]);
});
