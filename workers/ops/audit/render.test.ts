import { expect, test } from "bun:test";
import { adviceOf } from "./render.ts";

test("--allow-unseen is advised only for what it accepts", () => {
  const hole = (kind: "deleted" | "compacted" | "unreadable") => ({ partition: 0, from: 1, to: 2, kind });
  expect(adviceOf({ hidden: [], holes: [] })).toContain("--allow-unseen");
  expect(adviceOf({ hidden: [], holes: [hole("deleted")] })).toContain("--allow-unseen");
  for (const kind of ["compacted", "unreadable"] as const) {
    expect(adviceOf({ hidden: [], holes: [hole("deleted"), hole(kind)] })).not.toContain("--allow-unseen");
  }
});
