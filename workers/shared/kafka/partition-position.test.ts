import { expect, test } from "bun:test";
import { judgeJump, judgeStart } from "./partition-position.ts";

const facts = { partition: 1, committed: 50, low: 10, high: 100, remembered: undefined };

test("a committed offset within the log is where reading starts", () => {
  expect(judgeStart(facts)).toEqual({ start: 50, gap: undefined });
  expect(judgeStart({ ...facts, committed: 10 })).toEqual({ start: 10, gap: undefined });
  expect(judgeStart({ ...facts, committed: 100 })).toEqual({ start: 100, gap: undefined });
});

test("a new group starts with what there is", () => {
  expect(judgeStart({ ...facts, committed: -1 })).toEqual({ start: 10, gap: undefined });
});

test("retention that overran the group, a shorter log and a lost position are gaps", () => {
  const gap = (reason: string, from: number, to: number) => ({ partition: 1, reason, from, to });
  expect(judgeStart({ ...facts, committed: 7 })).toMatchObject({ start: 10, gap: gap("retention", 7, 10) });
  expect(judgeStart({ ...facts, committed: 101 })).toMatchObject({ start: 10, gap: gap("truncated", 100, 101) });
  expect(judgeStart({ ...facts, committed: -2 })).toMatchObject({ start: 10, gap: gap("reset", 10, 10) });
  const forgotten = { ...facts, committed: -1, remembered: 8 };
  expect(judgeStart(forgotten)).toMatchObject({ start: 10, gap: gap("reset", 8, 10) });
});

test("a jump is believed only when the messages between are gone", () => {
  const jump = { partition: 1, expected: 50, first: 60, low: 60, reread: false };
  expect(judgeJump(jump)).toMatchObject({ kind: "accept", gap: { reason: "retention", from: 50, to: 60 } });
  expect(judgeJump({ ...jump, low: 10 })).toEqual({ kind: "reread" });
  expect(judgeJump({ ...jump, low: 10, reread: true })).toMatchObject({ kind: "accept", gap: { reason: "hole" } });
  expect(judgeJump({ ...jump, first: 3, low: 0 })).toMatchObject({ kind: "accept", gap: { reason: "truncated" } });
});
