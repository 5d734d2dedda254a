import { expect, test } from "bun:test";
import { differences, observeCorpus } from "./golden.ts";
import recorded from "./values.json" with { type: "json" };

/**
 * What parser, scanner, row builder and audit made of the corpus before contracts were files. To see what differs:
 * `bun scripts/proof/golden/main.ts DIR` here and on the commit that recorded the values, then `diff` the two folders.
 */
test("the fixed corpus gets the verdicts, values, bytes and records it always got", () => {
  expect(differences(recorded, observeCorpus())).toEqual([]);
}, 120_000);

test("a difference is told with its aspect and its place", () => {
  const [first = "", ...rest] = recorded.verdicts;
  const other = { ...recorded, verdicts: [first, "0".repeat(16), ...rest.slice(1)], scannedShare: "1 of 2" };
  expect(differences(recorded, other)).toEqual([
    `scanned: 1 of 2, was ${recorded.scannedShare}`,
    `verdicts: 1 of ${recorded.verdicts.length} chunks differ, the first is of messages from 5000 on`,
  ]);
});
