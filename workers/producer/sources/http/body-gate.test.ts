import { expect, test } from "bun:test";
import { type Cut, createBodyGate } from "./body-gate.ts";

test("the body under way for longest gives way, and only while there is too much", () => {
  const gate = createBodyGate({ maxBytes: 100, timeoutMs: 60_000 });
  const cuts: string[] = [];
  const enter = (name: string) => gate.enter((why: Cut) => cuts.push(`${name} ${why}`));
  const [a, b, c] = [enter("a"), enter("b"), enter("c")];
  a.add(40);
  b.add(40);
  c.add(20);
  expect([cuts, gate.bytes]).toEqual([[], 100]);
  c.add(30);
  expect([cuts, gate.bytes]).toEqual([["a crowded"], 90]);
  a.add(1_000); // arrives after its end
  a.leave();
  expect([cuts, gate.bytes]).toEqual([["a crowded"], 90]);
  b.leave();
  c.add(1_000); // alone: it has a limit of its own
  expect([cuts, gate.bytes]).toEqual([["a crowded"], 1_050]);
  c.leave();
  expect(gate.bytes).toBe(0);
});

test("a body that takes too long is cut, one that is complete is not", async () => {
  const gate = createBodyGate({ maxBytes: 100, timeoutMs: 20 });
  const slow = Promise.withResolvers<Cut>();
  gate.enter(() => slow.reject(new Error("it was complete"))).leave();
  gate.enter(slow.resolve).add(10);
  expect(await slow.promise).toBe("slow");
  expect(gate.bytes).toBe(0);
});
