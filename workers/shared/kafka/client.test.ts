import { expect, test } from "bun:test";
import { type LogEntry, logLevel } from "kafkajs";
import type { Logger } from "../runtime/logger.ts";
import { logCreatorOf } from "./client.ts";

test("a line that the client repeats is said once in 30 s, with how often it was left out", () => {
  const lines: object[] = [];
  const log = { warn: (fields: object, msg: string) => lines.push({ ...fields, msg }), debug: () => undefined };
  let now = 1_000_000;
  const write = logCreatorOf(log as unknown as Logger, { now: () => now })(logLevel.INFO);
  const say = (message: string, level = logLevel.ERROR, broker = "b:1", error?: string) =>
    write({
      level,
      label: "",
      namespace: "",
      log: { message, timestamp: "", broker, ...(error && { error }) },
    } as LogEntry);
  for (let i = 0; i < 5; i++) say("refused");
  say("reset", logLevel.WARN);
  say("reset", logLevel.WARN, "b:2");
  now += 29_999;
  say("refused");
  now += 1;
  say("refused");
  say("reset");
  expect(lines).toEqual([
    { broker: "b:1", msg: "refused" },
    { broker: "b:1", msg: "reset" },
    { broker: "b:2", msg: "reset" },
    { broker: "b:1", msg: "refused", repeated: 5 },
    { broker: "b:1", msg: "reset" },
  ]);
  for (const error of ["no leader", "not authorized"]) say("refused", logLevel.ERROR, "b:1", error);
  expect(lines.slice(5)).toMatchObject([{ error: "no leader" }, { error: "not authorized" }]);
  for (let i = 0; i < 1_000; i++) say(`line ${i}`);
  expect(lines.length).toBe(1_007);
});
