import { expect, test } from "bun:test";
import { RunbookPage, runbookHref } from "./runbook.tsx";

test("an alert's link leads to its section of the console's own runbook, somebody's address stays", () => {
  expect(runbookHref("docs/runbook.md#consumerdown")).toBe("/runbook#consumerdown");
  expect(runbookHref("https://example.org/runbook#consumerdown")).toBe("https://example.org/runbook#consumerdown");
  expect(runbookHref("docs/runbook.md#x onclick=")).toBe("docs/runbook.md#x onclick=");
});

test("the runbook has a section to jump to for every alert, as text without Markdown", () => {
  const html = String(<RunbookPage />);
  for (const id of ["consumerdown", "partitionsunread", "countsdiffer", "lakeexportlate"]) {
    expect(html).toContain(`id="${id}"`);
  }
  expect(html).not.toMatch(/\*\*|\]\(/);
  expect(html).toContain("<strong>Look.</strong>");
});
