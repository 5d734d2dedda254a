import { expect, test } from "bun:test";
import { resolveJump, resolveStartOffset } from "./partition-position.ts";

const facts = { partition: 1, committed: 50, low: 10, high: 100, remembered: undefined };

test("a committed offset within the log is where reading starts", () => {
  expect(resolveStartOffset(facts)).toEqual({ start: 50, gap: undefined });
  expect(resolveStartOffset({ ...facts, committed: 10 })).toEqual({ start: 10, gap: undefined });
  expect(resolveStartOffset({ ...facts, committed: 100 })).toEqual({ start: 100, gap: undefined });
});

test("a new group starts with what there is", () => {
  expect(resolveStartOffset({ ...facts, committed: -1 })).toEqual({ start: 10, gap: undefined });
});

test("retention that overran the group, a shorter log and a lost position are gaps", () => {
  const gap = (reason: string, from: number, to: number) => ({ partition: 1, reason, from, to });
  expect(resolveStartOffset({ ...facts, committed: 7 })).toMatchObject({ start: 10, gap: gap("retention", 7, 10) });
  expect(resolveStartOffset({ ...facts, committed: 101 })).toMatchObject({
    start: 10,
    gap: gap("truncated", 100, 101),
  });
  expect(resolveStartOffset({ ...facts, committed: -2 })).toMatchObject({ start: 10, gap: gap("reset", 10, 10) });
  const forgotten = { ...facts, committed: -1, remembered: 8 };
  expect(resolveStartOffset(forgotten)).toMatchObject({ start: 10, gap: gap("reset", 8, 10) });
});

test("a jump is believed only when the messages between are gone", () => {
  const jump = { partition: 1, expected: 50, first: 60, low: 60, reread: false };
  expect(resolveJump(jump)).toMatchObject({ kind: "accept", gap: { reason: "retention", from: 50, to: 60 } });
  expect(resolveJump({ ...jump, low: 10 })).toEqual({ kind: "reread" });
  expect(resolveJump({ ...jump, low: 10, reread: true })).toMatchObject({ kind: "accept", gap: { reason: "hole" } });
  expect(resolveJump({ ...jump, first: 3, low: 0 })).toMatchObject({ kind: "accept", gap: { reason: "truncated" } });
});
