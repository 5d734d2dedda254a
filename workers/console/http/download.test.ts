import { expect, test } from "bun:test";
import { Hono } from "hono";
import { streamFile, toCsv } from "./download.ts";

test("CSV quotes text, keeps numbers and defuses formulas", () => {
  const rows = [
    { a: 'say "hi"', b: 1, c: null },
    { a: "=cmd|' /C calc'!A0", b: -2, c: { EUR: "1.5" } },
    { a: "-1.50", b: 3, c: "-1+1" },
  ];
  expect(toCsv(rows).split("\r\n")).toEqual([
    '"a","b","c"',
    '"say ""hi""",1,',
    `"'=cmd|' /C calc'!A0",-2,"{""EUR"":""1.5""}"`,
    `"-1.50",3,"'-1+1"`,
    "",
  ]);
  expect(toCsv([])).toBe("\r\n");
});

test("an answer to HEAD ends the query, whose rows nobody reads", async () => {
  let ended = false;
  const app = new Hono().get("/", (c) => {
    async function* rows() {
      try {
        for (;;) yield Buffer.from("row\n");
      } finally {
        ended = true;
      }
    }
    return streamFile(c, "events", "csv", rows());
  });
  const answer = await app.request("/", { method: "HEAD" });
  expect([answer.status, answer.headers.get("content-disposition"), ended]).toEqual([
    200,
    'attachment; filename="events.csv"',
    true,
  ]);
});
