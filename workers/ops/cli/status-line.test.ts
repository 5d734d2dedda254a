import { expect, test } from "bun:test";
import { createStatusLine } from "./status-line.ts";

function output(terminal: { isTTY: boolean; columns?: number }) {
  const written: string[] = [];
  const line = createStatusLine({ ...terminal, write: (text: string) => written.push(text) });
  return { written, line };
}

test("in a log what is waited for is a line when it changed, not one a second", () => {
  const { written, line } = output({ isTTY: false });
  for (const text of ["5 behind", "5 behind", "5 behind", "3 behind", "3 behind"]) line.show(text);
  line.clear();
  expect(written).toEqual(["5 behind\n", "3 behind\n"]);
});

test("on a terminal it is one line that replaces itself, no wider than the terminal, gone before the result", () => {
  const { written, line } = output({ isTTY: true, columns: 40 });
  line.show("5 behind");
  line.show(`3 behind ${"x".repeat(100)}`);
  line.clear();
  line.clear();
  expect(written.join("")).not.toContain("\n");
  expect(written).toHaveLength(3);
  expect(written[1]?.length).toBe("\r\x1b[2K".length + 39);
  expect(written[2]).toBe("\r\x1b[2K");
});
