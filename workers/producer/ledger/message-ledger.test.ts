import { expect, test } from "bun:test";
import { createMessageLedger } from "./message-ledger.ts";

test("acknowledged messages count, with the last offset of each partition; unknown ones apart, others not at all", () => {
  const ledger = createMessageLedger();
  expect(ledger.totals()).toEqual({ count: 0, unknown: 0, reached: {} });
  ledger.settle(5, "acknowledged", { partition: 0, firstOffset: 10 });
  ledger.settle(2, "acknowledged", { partition: 3, firstOffset: 0 });
  ledger.settle(4, "unknown", undefined);
  ledger.settle(7, "refused", undefined);
  ledger.settle(9, "unsent", undefined);
  // The broker did not say where: it had them before.
  ledger.settle(1, "acknowledged", { partition: 0, firstOffset: -1 });
  expect(ledger.totals()).toEqual({ count: 8, unknown: 4, reached: { 0: 14, 3: 1 } });
  // The topic was created anew.
  ledger.settle(1, "acknowledged", { partition: 0, firstOffset: 0 });
  expect(ledger.totals().reached).toEqual({ 0: 0, 3: 1 });
});
