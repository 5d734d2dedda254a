import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../cli/exit-codes.ts";
import { createProgram, runProgram } from "../cli/program.ts";
import { silentIo } from "../testing/io.ts";

const folder = mkdtempSync(join(tmpdir(), "countinghouse-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A command line without any environment: whatever needed Kafka or ClickHouse would fail. */
async function run(...args: string[]) {
  const result = { code: -1, out: "", err: "" };
  const io = silentIo(
    {},
    {
      out: (text) => {
        result.out += `${text}\n`;
      },
      err: (text) => {
        result.err += `${text}\n`;
      },
      exit: (code) => {
        result.code = code;
      },
    },
  );
  await runProgram(createProgram(io), io, ["bun", "ops", "contract", "check", ...args]);
  return result;
}

function write(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(folder, "c-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const SHOP = `apiVersion: countinghouse/v1
source: shop
types:
  order:
    data: required
    schema: {type: object, properties: {price: {type: number, minimum: 0}}, required: [price]}
    columns: {price: "decimal(9,2)"}
  visit: {schema: {anyOf: [{required: [page]}, {required: [screen]}]}}
metrics:
  - {key: turnover, comment: Money taken, event_type: order, aggregation: sum, value_property: $.price}
`;

test("a contract without mistakes is described, with its hash", async () => {
  const { code, out, err } = await run(write({ "shop.yaml": SHOP }));
  expect([code, err]).toEqual([EXIT.ok, ""]);
  const lines = out.split("\n").map((line) => line.trimEnd().replace(/ {2,}/g, "|"));
  expect(lines[0]).toMatch(/^contract [0-9a-f]{16}: 1 source, 2 event types, 1 column, 1 metric, 0 views$/);
  expect(lines).toContain("shop|order|required|yes|price decimal(9,2)");
  expect(lines).toContain("shop|visit|optional|no|-");
  expect(lines).toContain("turnover|sum|price|-|shop.order|Money taken");
});

test("all mistakes of all files are printed with their places, and the exit code is that of wrong input", async () => {
  const dir = write({
    "shop.yaml": SHOP.replace("$.price", "$.prise").replace("minimum", "minimun"),
    "other.yaml": "source: other\n",
  });
  const { code, out, err } = await run(`${dir}/`);
  expect([code, out]).toEqual([EXIT.usage, ""]);
  expect(err.split("\n").filter((line) => line.startsWith(dir))).toEqual([
    `${dir}/other.yaml:1:1: lacks apiVersion [MISSING_KEY]`,
    `${dir}/other.yaml:1:9: a source without types accepts nothing [MISSING_KEY]`,
    `${dir}/shop.yaml:6:63: types.order.schema.properties.price.minimun: minimun is no keyword that is judged [KEYWORD]`,
    `${dir}/shop.yaml:10:96: metrics[0].value_property: shop.order has no column prise [NOT_DECLARED]`,
  ]);
  expect(err).toContain("  next: did you mean minimum?\n");
  expect(err).toContain("error: 4 mistakes in the contract\nnext:  correct what is named above");
});

test("a folder that is not there and one without files are wrong input", async () => {
  const none = await run(join(folder, "none"));
  expect([none.code, none.err]).toEqual([EXIT.usage, expect.stringContaining("[UNREADABLE]")]);
  const empty = await run(write({ "README.md": "" }));
  expect([empty.code, empty.err]).toEqual([EXIT.usage, expect.stringContaining("no file ends with .yaml")]);
});

test("without a folder it is the shipped contract", async () => {
  const { code, out } = await run();
  expect([code, out]).toEqual([EXIT.ok, expect.stringContaining("4 sources, 20 event types, 2 columns")]);
});
