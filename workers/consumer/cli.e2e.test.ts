import { expect, test } from "bun:test";
import { startWorker } from "../../scripts/testkit/index.ts";

const run = async (args: string[], env: Record<string, string> = {}) => {
  const worker = startWorker({ binary: "consumer", args, env });
  return { code: await worker.exited, lines: worker.logs.map(({ text }) => text) };
};

test("--help and --version explain and end; they start no consumer", async () => {
  const help = await run(["--help"]);
  expect(help.code).toBe(0);
  for (const part of ["KAFKA_BROKERS", "Examples:", "Exit codes:"]) expect(help.lines.join("\n")).toContain(part);
  expect((await run(["--version"])).code).toBe(0);
});

test.each([["--bogus"], ["bogus"]])("%s is a usage error", async (argument) => {
  const { code, lines } = await run([argument]);
  expect(code).toBe(2);
  expect(lines.join("\n")).toContain("see consumer --help");
});

test("wrong configuration is text, a line for each variable", async () => {
  const { code, lines } = await run([], { KAFKA_BROKERS: "nowhere", BATCH_MAX_ROWS: "0" });
  expect(code).toBe(2);
  expect(lines[0]).toBe("Configuration is invalid:");
  expect(lines[2]).toBe("  BATCH_MAX_ROWS: must be at least 1");
});
