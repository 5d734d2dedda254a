import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { quote, tokens } from "./sql.ts";
import { binaryRowsAt, MultiStatementError, missingParameter, parseStatement, spoilsSession } from "./statement.ts";

const select = (sql: string, defaultFormat = "TabSeparated") => {
  const statement = parseStatement(sql, false, defaultFormat);
  if (statement.kind !== "select") throw new Error(`parsed as ${statement.kind}`);
  return { format: statement.format, sql: statement.into("/f") };
};
const insert = (sql: string) => {
  const statement = parseStatement(sql, true, "TabSeparated");
  if (statement.kind !== "insert") throw new Error(`parsed as ${statement.kind}`);
  return { format: statement.format, sql: statement.from("/f") };
};

describe("SELECT goes to a file", () => {
  test("with the format of the query, or the default one", () => {
    expect(select("SELECT 1\nFORMAT JSON")).toEqual({
      format: "JSON",
      sql: "SELECT 1\n\nINTO OUTFILE '/f' TRUNCATE FORMAT JSON",
    });
    expect(select("SELECT 1", "CSV")).toEqual({
      format: "CSV",
      sql: "SELECT 1\nINTO OUTFILE '/f' TRUNCATE FORMAT CSV",
    });
  });

  test("with settings before or behind the format", () => {
    expect(select("SELECT 1 SETTINGS max_threads = 1 FORMAT CSV").sql).toEndWith(
      "= 1 \nINTO OUTFILE '/f' TRUNCATE FORMAT CSV",
    );
    expect(select("SELECT 1 FORMAT CSV SETTINGS max_threads = 1").sql).toEndWith(
      "TRUNCATE FORMAT CSV SETTINGS max_threads = 1",
    );
  });

  test("comments, semicolons and brackets do not mislead it", () => {
    expect(select("/* FORMAT x */ SELECT 1; -- FORMAT y")).toEqual(select("/* FORMAT x */ SELECT 1"));
    expect(select("(SELECT 1 FORMAT) UNION ALL (SELECT 2)").format).toBe("TabSeparated");
    expect(select("SELECT ';', 'FORMAT JSON', `format`.x, \"a\"\"; b\" FROM format").format).toBe("TabSeparated");
    expect(select("WITH 1 AS x SELECT x format Native").format).toBe("Native");
    expect(select("SELECT $$ it's; FORMAT CSV $$").format).toBe("TabSeparated");
  });

  test("a second statement is refused", () => {
    expect(() => parseStatement("SELECT 1; SELECT 2", false, "CSV")).toThrow(MultiStatementError);
    expect(() => parseStatement("SELECT 1;;", false, "CSV")).not.toThrow();
  });
});

describe("INSERT reads a file", () => {
  test("with columns, settings, any format", () => {
    expect(insert("INSERT INTO d.t (a, b) FORMAT RowBinary")).toEqual({
      format: "RowBinary",
      sql: "INSERT INTO d.t (a, b)  FROM INFILE '/f' COMPRESSION 'none' FORMAT RowBinary",
    });
    expect(insert("insert into t settings async_insert=0 format Native").sql).toBe(
      "insert into t  FROM INFILE '/f' COMPRESSION 'none' settings async_insert=0 FORMAT Native",
    );
    expect(insert("INSERT INTO t (`format`, x) VALUES").format).toBe("Values");
  });

  test("INSERT SELECT, and one with its rows in the text, are left alone", () => {
    expect(parseStatement("INSERT INTO t SELECT 1 AS format", true, "CSV").kind).toBe("other");
    expect(parseStatement("INSERT INTO t FORMAT JSONEachRow {}", false, "CSV").kind).toBe("other");
  });
});

test("other statements are left alone", () => {
  for (const sql of ["CREATE TABLE t (a UInt8) ENGINE = Memory", "SHOW TABLES", "WITH 1 AS x INSERT INTO t SELECT x"]) {
    expect(parseStatement(sql, false, "CSV")).toEqual({ kind: "other", format: "CSV", sql });
  }
});

test("a parameter without a value is found", () => {
  const missing = (sql: string) => missingParameter(sql, parseStatement(sql, false, "CSV"), new Map([["a", "1"]]));
  expect(missing("SELECT {a:UInt8}, {bB: Array(String)}")).toBe("bB");
  expect(missing("SELECT {a:UInt8}, '{b:String}', {'c':1} /* {d:String} */")).toBeUndefined();
  expect(missing("INSERT INTO {t:Identifier} VALUES (1)")).toBe("t");
  expect(missing("INSERT INTO t FORMAT TSV {b:String}")).toBeUndefined();
});

test("statements that change their session are known", () => {
  expect(["SET a = 1", "use d", "CREATE TEMPORARY TABLE t (a UInt8)"].map(spoilsSession)).toEqual([true, true, true]);
  expect(["SELECT 1", "CREATE TABLE temporary (a UInt8)", "INSERT INTO t VALUES (1)"].map(spoilsSession)).not.toContain(
    true,
  );
});

test("rows in a binary format may follow their INSERT in the body", () => {
  const head = "INSERT INTO t (`FORMAT`, b) FORMAT Native\n";
  expect(binaryRowsAt(`${head}\x01\n INSERT`)).toBe(head.length);
  expect(binaryRowsAt("insert into t format RowBinaryWithNames \r\n\n")).toBe(42);
  expect(binaryRowsAt("INSERT INTO t FORMAT JSONEachRow\n{}")).toBeUndefined();
  expect(binaryRowsAt("INSERT INTO t SELECT 1 FORMAT Native")).toBeUndefined();
  expect(binaryRowsAt("INSERT INTO t (a) FROM INFILE '/f' FORMAT Native")).toBeUndefined();
  expect(binaryRowsAt("SELECT 1 FORMAT Native\n")).toBeUndefined();
});

test("any text in quotes is one token", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect([...tokens(`SELECT ${quote(text)};`)].map((token) => token.kind)).toEqual(["word", "quoted", "symbol"]);
    }),
  );
});

test("tokens never overlap and never stop short, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."'\"`$\\-/*(){} \naF;#") }), (text) => {
      let end = 0;
      for (const token of tokens(text)) {
        expect(token.start).toBeGreaterThanOrEqual(end);
        expect(token.end).toBeGreaterThan(token.start);
        end = token.end;
      }
    }),
  );
});
