import { expect, test } from "bun:test";
import { markdown } from "./report.ts";

test("the report names what was skipped, and why; nothing of it when nothing was", () => {
  const run = { commit: "c", seed: "1", machine: "m", scenarios: [] };
  expect(markdown({ ...run, skipped: [] }, [], 60)).not.toContain("kipped");
  const text = markdown({ ...run, skipped: [{ name: "clocks: skewed", why: "no libfaketime" }] }, [], 60);
  expect(text).toContain("**0 of 0 scenarios ok**, 1 skipped: 0 events");
  expect(text).toEndWith("\n## Skipped\n\n- **clocks: skewed**: no libfaketime\n");
});
