import { describe, expect, test } from "bun:test";
import { AppError } from "../shared/runtime/errors.ts";
import { createCli } from "./cli.ts";
import { loadProducerConfig, producerConfigSchema } from "./config.ts";

describe("producer configuration", () => {
  test("reads rates, ranges, weights and durations", () => {
    const env = {
      SIM_SOURCES: "lottery=4, web=0.5",
      SIM_LATE_RANGE: "0.5-60",
      SIM_EVERY: "2m",
      KAFKA_BROKERS: "a:1,b:2",
    };
    expect(loadProducerConfig(env)).toMatchObject({
      SIM_SOURCES: { lottery: 4, web: 0.5, mobile: 0, sensor: 0 },
      SIM_LATE_RANGE: [500, 60_000],
      SIM_EVERY: 120_000,
      KAFKA_BROKERS: ["a:1", "b:2"],
      SIM_LATE_SHARE: 0.1,
    });
  });

  test.each([
    ["SIM_SOURCES", "lottery"],
    ["SIM_SOURCES", "lottery=0"],
    ["SIM_LATE_RANGE", "60-30"],
    ["SIM_EVERY", "0s"],
    ["SIM_EVERY", "1 hour"],
    ["SIM_DUPLICATE_SHARE", "1.1"],
    ["KAFKA_COMPRESSION", "snappy"],
  ])("refuses %s=%s", (name, value) => {
    expect(() => loadProducerConfig({ [name]: value })).toThrow(name);
  });

  test("needs a path for files, and keys for HTTP on other than loopback", () => {
    expect(() => loadProducerConfig({ SOURCE: "file" })).toThrow("FILE_PATH");
    expect(() => loadProducerConfig({ SOURCE: "http", HTTP_HOST: "0.0.0.0" })).toThrow(AppError);
    expect(loadProducerConfig({ SOURCE: "http" }).API_KEYS).toBeUndefined();
    const wrong = { SOURCE: "file", FILE_SHIFT_TIME: "true", FILE_REPEAT: "2", KAFKA_BROKERS: "a" };
    // The second is no regular file either, as a shell's `<(zcat x)` is none.
    for (const FILE_PATH of ["-", "/dev/null"]) {
      for (const name of ["FILE_SHIFT_TIME", "FILE_REPEAT", "KAFKA_BROKERS"]) {
        expect(() => loadProducerConfig({ ...wrong, FILE_PATH })).toThrow(name);
      }
    }
  });

  test("the command line wins over the environment and names only known variables", async () => {
    let flags: Readonly<Record<string, string | undefined>> = {};
    const cli = createCli(async (given) => {
      flags = given;
    });
    await cli.parseAsync(["file", "x.jsonl", "--shift-time", "--rate", "5", "--brokers", "b:1"], { from: "user" });
    expect(flags).toEqual({
      SOURCE: "file",
      FILE_PATH: "x.jsonl",
      FILE_SHIFT_TIME: "true",
      FILE_RATE: "5",
      KAFKA_BROKERS: "b:1",
    });
    expect(loadProducerConfig({ FILE_RATE: "9" }, flags).FILE_RATE).toBe(5);
    const variables = [cli, ...cli.commands].flatMap(({ options }) =>
      options.flatMap(({ description }) => /\[(\w+)\]$/.exec(description)?.[1] ?? []),
    );
    expect(variables.length).toBeGreaterThan(20);
    for (const name of variables) expect(Object.keys(producerConfigSchema.shape)).toContain(name);
  });
});
