import { expect, test } from "bun:test";
import { EngineError, httpStatus, toEngineError } from "./errors.ts";
import { Lane } from "./lane.ts";
import { parseRequest, setStatement } from "./request.ts";

const parse = (query: string, headers: Record<string, string> = {}) =>
  parseRequest(new URLSearchParams(query), new Headers(headers));

test("parameters, settings and protocol fields are told apart", () => {
  const request = parse(
    "query=SELECT+1&database=d&query_id=q&default_format=CSV&param_x=a%27b&max_threads=2&wait_end_of_query=1",
  );
  expect(request).toMatchObject({ query: "SELECT 1", database: "d", queryId: "q", defaultFormat: "CSV" });
  expect(setStatement(request)).toBe("SET max_threads = '2', param_x = 'a\\'b'");
  expect(setStatement(parse(""))).toBeUndefined();
});

test("credentials come from Basic, headers or the URL", () => {
  const basic = `Basic ${Buffer.from("ü:p:w").toString("base64")}`;
  expect(parse("", { authorization: basic })).toMatchObject({ user: "ü", password: "p:w" });
  expect(parse("", { "x-clickhouse-user": "u", "x-clickhouse-key": "k" })).toMatchObject({ user: "u", password: "k" });
  expect(parse("user=u&password=p")).toMatchObject({ user: "u", password: "p" });
  expect(parse("")).toMatchObject({ user: "default", password: "" });
});

test("gzip needs the setting and the header", () => {
  expect(parse("enable_http_compression=1", { "accept-encoding": "gzip, br" }).gzip).toBe(true);
  expect(parse("enable_http_compression=1").gzip).toBe(false);
  expect(parse("", { "accept-encoding": "gzip" }).gzip).toBe(false);
});

test("what the engine has not is an error", () => {
  expect(() => parse("session_id=s")).toThrow(EngineError);
  expect(() => parse("a%20b=1")).toThrow("Unknown setting");
});

test("errors keep ClickHouse's number and get its HTTP status", () => {
  const native = Object.assign(new Error("Code: 60. DB::Exception: x. (UNKNOWN_TABLE)"), { clickhouseCode: 60 });
  expect(toEngineError(native)).toMatchObject({ code: 60, message: native.message });
  const bug = new TypeError("bug");
  expect(toEngineError(bug)).toBe(bug);
  expect([60, 62, 516, 159, 252].map(httpStatus)).toEqual([404, 400, 403, 408, 500]);
});

test("a lane is never wider than allowed and keeps the order", async () => {
  const lane = new Lane(2);
  const started: number[] = [];
  let running = 0;
  const task = (id: number) =>
    lane.run(async () => {
      started.push(id);
      running += 1;
      expect(running).toBeLessThanOrEqual(2);
      await Promise.resolve();
      running -= 1;
      if (id === 1) throw new Error("one fails");
    });
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map(task));
  expect(started).toEqual([0, 1, 2, 3, 4]);
  expect(results.map((result) => result.status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
});
