import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { asWriteUser, clickhouseConfigShape } from "../clickhouse/config.ts";
import { kafkaConfigShape } from "../kafka/config.ts";
import { envList, loadConfig } from "./config.ts";
import { envSecretFile } from "./secret-file.ts";

const dir = mkdtempSync(join(tmpdir(), "countinghouse-secret-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const fileWith = (text: string) => {
  const path = join(dir, crypto.randomUUID());
  writeFileSync(path, text);
  return path;
};

describe("a secret from a file", () => {
  const schema = z.object({
    WORD: z.string().optional(),
    WORD_FILE: envSecretFile().optional(),
    KEYS: envList().optional(),
    KEYS_FILE: envSecretFile().optional(),
  });

  test("stands for the variable, without the editor's line break; a list may be one a line", () => {
    expect(loadConfig(schema, { WORD_FILE: fileWith(" se cret \n") }).WORD).toBe(" se cret ");
    expect(loadConfig(schema, { KEYS_FILE: fileWith("a\nb,c\r\n") }).KEYS).toEqual(["a", "b", "c"]);
    expect(loadConfig(schema, { WORD: "x", WORD_FILE: "" })).toEqual({ WORD: "x" });
  });

  test("is refused when it is missing, empty or given twice; its content is not repeated", () => {
    const empty = fileWith("\n");
    const twice = fileWith("hush");
    const problems = (env: Record<string, string>) => {
      try {
        loadConfig(schema, env);
      } catch (error) {
        return String(error).split("\n").slice(1);
      }
      return [];
    };
    expect(problems({ WORD_FILE: join(dir, "none"), KEYS_FILE: empty })).toEqual([
      `  WORD_FILE: ${join(dir, "none")} cannot be read (ENOENT)`,
      `  KEYS_FILE: ${empty} is empty`,
    ]);
    expect(problems({ WORD_FILE: twice, WORD: "hush" })).toEqual([
      "  WORD: is set, and so is WORD_FILE; set one of them",
    ]);
  });
});

test("a secret in the environment loses the line break that Kubernetes passes on, and nothing else", () => {
  const schema = z.object({ ...kafkaConfigShape, ...clickhouseConfigShape });
  const names = ["CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"] as const;
  for (const end of ["\n", "\r\n", "\n\n"]) {
    const config = loadConfig(schema, Object.fromEntries(names.map((name) => [name, ` <&"$' ${end}`])));
    for (const name of names) expect(config[name]).toBe(` <&"$' `);
  }
});

describe("ClickHouse", () => {
  const load = (env: Record<string, string>) => loadConfig(z.object(clickhouseConfigShape), env);

  test("an address with a login or parameters is refused and not repeated", () => {
    for (const url of ["http://u:hush@host:1", "http://u@host:1", "http://host:1/?password=hush"]) {
      expect(() => load({ CLICKHOUSE_URL: url })).toThrow("CLICKHOUSE_URL: must hold no login");
      expect(() => load({ CLICKHOUSE_URL: url })).not.toThrow("hush");
    }
    expect(load({ CLICKHOUSE_URL: "https://host:8443/path" }).CLICKHOUSE_URL).toBe("https://host:8443/path");
  });

  test("the user that writes brings its own password, from its own file", () => {
    const config = load({ CLICKHOUSE_USER: "reader", CLICKHOUSE_PASSWORD_FILE: fileWith("r") });
    expect(asWriteUser(config)).toBe(config);
    const writer = { ...config, CLICKHOUSE_WRITE_USER: "writer", CLICKHOUSE_WRITE_PASSWORD: "w" };
    expect(asWriteUser(writer)).toMatchObject({
      CLICKHOUSE_USER: "writer",
      CLICKHOUSE_PASSWORD: "w",
      CLICKHOUSE_PASSWORD_FILE: undefined,
    });
  });
});
