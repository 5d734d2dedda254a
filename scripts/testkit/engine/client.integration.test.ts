import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { uniqueName, useStack } from "../index.ts";
import { waitFor } from "../process/wait-for.ts";

const { clickhouse } = await useStack();
const database = uniqueName("engine");
const options = {
  url: clickhouse.url,
  username: clickhouse.user,
  password: clickhouse.password,
  log: { level: ClickHouseLogLevel.OFF },
};
const admin = createClient(options);
const client = createClient({ ...options, database, max_open_connections: 40 });

beforeAll(async () => {
  await admin.command({ query: `CREATE DATABASE ${database}` });
  await client.command({
    query: "CREATE TABLE t (id UInt64, s String, at DateTime64(3)) ENGINE = MergeTree ORDER BY id",
  });
});
afterAll(async () => {
  await admin.command({ query: `DROP DATABASE ${database}` });
  await Promise.all([admin.close(), client.close()]);
});

async function rows(query: string, params: Record<string, unknown> = {}): Promise<unknown[]> {
  return (await client.query({ query, query_params: params, format: "JSONEachRow" })).json();
}
async function value(query: string): Promise<string> {
  return (await (await client.query({ query, format: "TabSeparatedRaw" })).text()).trimEnd();
}
/** The error's number and HTTP status, over plain HTTP. */
async function failure(query: string, headers: Record<string, string> = {}): Promise<[number, string | null]> {
  const auth = { "x-clickhouse-user": clickhouse.user, "x-clickhouse-key": clickhouse.password };
  const url = `${clickhouse.url}/?database=${database}`;
  const response = await fetch(url, { method: "POST", body: query, headers: { ...auth, ...headers } });
  await response.body?.cancel();
  return [response.status, response.headers.get("x-clickhouse-exception-code")];
}

describe("queries", () => {
  test("in JSON, CSV and by rows", async () => {
    const json = await (await client.query({ query: "SELECT 1 AS a, 'x' AS b" })).json<{ a: number; b: string }>();
    expect(json).toMatchObject({ data: [{ a: 1, b: "x" }], rows: 1 });
    expect(await (await client.query({ query: "SELECT 1, 'x'", format: "CSV" })).text()).toBe('1,"x"\n');
    expect(await rows("SELECT number FROM numbers(3)")).toEqual([{ number: 0 }, { number: 1 }, { number: 2 }]);
    expect(await (await client.query({ query: "SHOW TABLES", format: "JSONEachRow" })).json()).toEqual([{ name: "t" }]);
  });

  test("ping, also with a wrong password", async () => {
    expect(await client.ping({ select: true })).toEqual({ success: true });
    const stranger = createClient({ ...options, password: "wrong" });
    expect(await stranger.ping()).toEqual({ success: true });
    await expect(stranger.query({ query: "SELECT 1" })).rejects.toMatchObject({
      code: "516",
      type: "AUTHENTICATION_FAILED",
    });
    expect(await failure("SELECT 1", { "x-clickhouse-key": "wrong" })).toEqual([403, "516"]);
    await stranger.close();
  });

  test("parameters of every basic type", async () => {
    const text = 'it\'s "quoted" \\ back\\nslash\nnew\tline ünïcode 🎉 \u0001 `x`; DROP TABLE t --';
    const [row] = await rows(
      `SELECT {s:String} AS s, {n:Int64} AS n, {big:UInt64} = 18446744073709551615 AS big, {f:Float64} AS f,
        {b:Bool} AS b, {e:Nullable(String)} AS e, {a:Array(String)} AS a, {aa:Array(Array(UInt8))} AS aa,
        {m:Map(String, UInt8)} AS m, {d:DateTime64(3)} AS d, {u:UUID} AS u, {dec:Decimal(10, 2)} AS dec`,
      {
        s: text,
        n: -5,
        big: 18446744073709551615n,
        f: 1.5,
        b: true,
        e: null,
        a: [text, "", "b"],
        aa: [[1, 2], []],
        m: { k: 1 },
        d: "2025-07-30 12:00:00.123",
        u: "7f1d0000-0000-4000-8000-00000000000a",
        dec: "12.34",
      },
    );
    expect(row).toEqual({
      s: text,
      n: -5,
      big: 1,
      f: 1.5,
      b: true,
      e: null,
      a: [text, "", "b"],
      aa: [[1, 2], []],
      m: { k: 1 },
      d: "2025-07-30 12:00:00.123",
      u: "7f1d0000-0000-4000-8000-00000000000a",
      dec: 12.34,
    });
    const [where] = await rows("SELECT count() AS n FROM {table:Identifier}", { table: "t" });
    expect(where).toHaveProperty("n");
  });

  test("parameters also arrive as a multipart form", async () => {
    const form = new FormData();
    form.set("query", "SELECT {x:String}");
    form.set("param_x", "from a form");
    const headers = { "x-clickhouse-user": clickhouse.user, "x-clickhouse-key": clickhouse.password };
    const response = await fetch(clickhouse.url, { method: "POST", body: form, headers });
    expect(await response.text()).toBe("from a form\n");
  });

  test("settings, parameters and database of one query never reach another", async () => {
    const many = Array.from({ length: 60 }, async (_, i) => {
      const set = i % 3 === 0 ? { max_block_size: String(1000 + i) } : {};
      const result = await client.query({
        query:
          "SELECT toUInt64(getSetting('max_block_size')) AS size, {i:UInt32} AS i, currentDatabase() AS db, sleep(0.01) AS z",
        query_params: { i },
        clickhouse_settings: set,
        format: "JSONEachRow",
      });
      return [i, (await result.json<{ size: number; i: number; db: string }>())[0]] as const;
    });
    for (const [i, row] of await Promise.all(many)) {
      expect(row).toMatchObject({ i, db: database, size: i % 3 === 0 ? 1000 + i : 65409 });
    }
    await client.command({ query: "SET max_block_size = 1" });
    await client.command({ query: "USE system" });
    const readonly = { query: "INSERT INTO t (id) VALUES (1)", clickhouse_settings: { readonly: "1" } };
    await expect(client.command(readonly)).rejects.toMatchObject({ code: "164" });
    for (let i = 0; i < 20; i += 1) {
      expect(await value("SELECT getSetting('max_block_size'), getSetting('readonly')")).toBe("65409\t0");
    }
    await expect(failure("SELECT {i:UInt8}")).resolves.toEqual([500, "456"]);
    expect(
      (await (await admin.query({ query: "SELECT currentDatabase() AS d", format: "JSONEachRow" })).json())[0],
    ).toEqual({
      d: "default",
    });
  });

  test("a million rows are streamed, with and without gzip", async () => {
    for (const response of [false, true]) {
      const streaming = createClient({ ...options, compression: { response } });
      const result = await streaming.query({
        query: "SELECT number AS n, toString(number) AS s FROM numbers(1000000)",
        format: "JSONEachRow",
      });
      let count = 0;
      let sum = 0;
      for await (const batch of result.stream<{ n: number }>()) {
        count += batch.length;
        for (const row of batch) sum += row.json<{ n: number }>().n;
      }
      expect([count, sum]).toEqual([1_000_000, 499_999_500_000]);
      await streaming.close();
    }
  });

  test("long reads keep nothing else waiting", async () => {
    const slow = Array.from({ length: 12 }, () => client.command({ query: "SELECT sleep(2)" }));
    const began = performance.now();
    await client.insert({ table: "t", values: [{ id: 900, s: "fast", at: 0 }], format: "JSONEachRow" });
    expect(await value("SELECT s FROM t WHERE id = 900")).toBe("fast");
    expect(performance.now() - began).toBeLessThan(1900);
    await Promise.all(slow);
  });
});

describe("inserts", () => {
  test("rows as JSON, with columns, settings, gzip, and a summary", async () => {
    const zipped = createClient({ ...options, database, compression: { request: true, response: true } });
    const values = Array.from({ length: 5000 }, (_, i) => ({ id: 1000 + i, s: `row ${i}\t'"\\`, extra: 1 }));
    const result = await zipped.insert({
      table: "t",
      columns: ["id", "s"],
      values,
      format: "JSONEachRow",
      clickhouse_settings: { async_insert: 0, input_format_skip_unknown_fields: 1 },
    });
    expect(result.summary).toMatchObject({ written_rows: "5000" });
    expect(await value("SELECT count(), max(s = 'row 7\\t\\'\"\\\\') FROM t WHERE id BETWEEN 1000 AND 5999")).toBe(
      "5000\t1",
    );
    await zipped.close();
  });

  test("RowBinary and Native, byte for byte as read back", async () => {
    const auth = { "x-clickhouse-user": clickhouse.user, "x-clickhouse-key": clickhouse.password };
    for (const format of ["RowBinary", "Native", "Parquet"]) {
      const table = uniqueName(format.toLowerCase());
      await client.command({ query: `CREATE TABLE ${table} (id UInt64, s String) ENGINE = MergeTree ORDER BY id` });
      const base = `${clickhouse.url}/?database=${database}&query=`;
      const source = `SELECT number AS id, concat('\\0\\n', toString(number)) AS s FROM numbers(1000) FORMAT ${format}`;
      const bytes = await (await fetch(base + encodeURIComponent(source), { headers: auth })).bytes();
      const insert = `INSERT INTO ${table} (id, s) FORMAT ${format}`;
      const sent = await fetch(base + encodeURIComponent(insert), { method: "POST", body: bytes, headers: auth });
      expect(sent.status).toBe(200);
      expect(await value(`SELECT count(), sum(id), uniqExact(s) FROM ${table}`)).toBe("1000\t499500\t1000");
    }
  });

  test("rows inside the statement, from a SELECT, and none at all", async () => {
    await client.command({ query: "INSERT INTO t (id, s) VALUES (1, 'it''s; a'), (2, 'b')" });
    await client.command({ query: "INSERT INTO t (id, s) SELECT 3, 'c'" });
    await client.insert({ table: "t", values: [], format: "JSONEachRow" });
    expect(await value("SELECT groupArray(s) FROM (SELECT s FROM t WHERE id < 10 ORDER BY id)")).toBe(
      "['it\\'s; a','b','c']",
    );
  });

  test("at once from many sides", async () => {
    await client.command({ query: "CREATE TABLE many (a UInt32, b UInt32) ENGINE = MergeTree ORDER BY a" });
    const insert = (a: number) =>
      client.insert({
        table: "many",
        values: Array.from({ length: 100 }, (_, b) => ({ a, b })),
        format: "JSONEachRow",
      });
    await Promise.all(Array.from({ length: 40 }, (_, a) => insert(a)));
    expect(await value("SELECT count(), uniqExact(a, b) FROM many")).toBe("4000\t4000");
  });

  test("a materialized view sees them, a refreshable one ticks by itself", async () => {
    await client.command({ query: "CREATE TABLE seen (id UInt64) ENGINE = MergeTree ORDER BY id" });
    await client.command({ query: "CREATE MATERIALIZED VIEW mv TO seen AS SELECT id FROM t" });
    await client.insert({ table: "t", values: [{ id: 77, s: "", at: 0 }], format: "JSONEachRow" });
    expect(await value("SELECT count() FROM seen")).toBe("1");
    await client.command({ query: "CREATE TABLE ticks (at DateTime64(3)) ENGINE = MergeTree ORDER BY at" });
    await client.command({
      query: "CREATE MATERIALIZED VIEW ticker REFRESH EVERY 1 SECOND APPEND TO ticks AS SELECT now64(3) AS at",
    });
    const ticks = async () => Number(await value("SELECT count() FROM ticks")) >= 3;
    await waitFor(ticks, { timeoutMs: 20_000, intervalMs: 500, describe: "three refreshes" });
  });
});

test("errors have ClickHouse's numbers and statuses", async () => {
  expect(await failure("SELECT * FROM missing")).toEqual([404, "60"]);
  expect(await failure("SELEC 1")).toEqual([400, "62"]);
  expect(await failure("SELECT 1; SELECT 2")).toEqual([400, "62"]);
  expect(await failure("")).toEqual([400, "62"]);
  expect(await failure("SELECT missing FROM t")).toEqual([404, "47"]);
  expect(await failure("SELECT missing()")).toEqual([404, "46"]);
  expect(await failure("INSERT INTO t (id) SELECT 'x'")).toEqual([400, "6"]);
  expect(await failure("SELECT throwIf(1)")).toEqual([500, "395"]);
  expect(await failure("SELECT sleep(2) SETTINGS max_execution_time = 0.2")).toEqual([408, "159"]);
  expect(await failure("SELECT 1", { "x-clickhouse-database": "nope" })).toEqual([200, null]); // the URL wins
  const query = { table: "t", values: [{ id: "no number" }], format: "JSONEachRow" as const };
  await expect(client.insert(query)).rejects.toMatchObject({ code: "27" });
  const nowhere = createClient({ ...options, database: "nowhere" });
  await expect(nowhere.query({ query: "SELECT 1" })).rejects.toMatchObject({ code: "81", type: "UNKNOWN_DATABASE" });
  const settings = { no_such_setting: "1" } as Record<string, string>;
  await expect(client.query({ query: "SELECT 1", clickhouse_settings: settings })).rejects.toMatchObject({
    code: "115",
  });
  await nowhere.close();
});
