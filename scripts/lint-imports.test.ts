import { expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findViolations } from "./lint-imports.ts";

const ROOT = join(import.meta.dir, "..");
/** Sources that keep the rules; each test plants one violation. */
const HOUSE = {
  "workers/shared/runtime/clock.ts": "",
  "workers/producer/main.ts": 'import "../shared/runtime/clock.ts"; import "./send.ts";',
  "workers/producer/send.ts": "",
  "workers/producer/send.test.ts": 'import "../../scripts/testkit/stack.ts"; import "./send.ts";',
  "workers/consumer/main.ts": 'import "../shared/runtime/clock.ts";',
  "scripts/testkit/stack.ts": 'import type { Clock } from "../../workers/shared/runtime/clock.ts";',
  "scripts/proof/main.ts": 'import "../testkit/stack.ts"; import "../../workers/consumer/main.ts";',
};
const planted = (files: Record<string, string>) => findViolations(new Map(Object.entries({ ...HOUSE, ...files })));

test("imports that point down are no violation", () => {
  expect(planted({})).toEqual([]);
});

test.each([
  [
    "workers/producer/main.ts",
    'import "../../scripts/proof/main.ts"; import "../shared/runtime/clock.ts";',
    "workers stand below scripts",
  ],
  [
    "workers/producer/send.ts",
    'export type { Stack } from "../../scripts/testkit/stack.ts";',
    "only tests of workers use the testkit",
  ],
  ["workers/producer/send.test.ts", 'import "../../scripts/proof/main.ts";', "workers stand below scripts"],
  ["workers/producer/send.ts", 'const main = await import("../consumer/main.ts");', "workers do not import each other"],
  [
    "workers/shared/runtime/clock.ts",
    'import type { Send } from "../../producer/send.ts";',
    "shared stands below the workers",
  ],
  ["scripts/testkit/stack.ts", 'import "../proof/main.ts";', "the testkit stands below the other scripts"],
])("%s with %p is refused", (file, text, problem) => {
  const found = planted({ [file]: text });
  expect(found).toHaveLength(1);
  expect(found[0]?.file).toBe(file);
  expect(found[0]?.problem).toContain(problem);
});

test("the audit takes of the contract its documents alone, its tests whatever they compare with", () => {
  const file = "workers/ops/audit/read.ts";
  const contract = { "workers/shared/contract/document.ts": "", "workers/shared/contract/compile.ts": "" };
  const reading = (name: string) => `import { x } from "../../shared/contract/${name}";`;
  expect(planted({ ...contract, [file]: reading("document.ts") })).toEqual([]);
  expect(planted({ ...contract, "workers/ops/audit/read.test.ts": reading("compile.ts") })).toEqual([]);
  expect(planted({ ...contract, [file]: reading("compile.ts") })).toMatchObject([
    { file, problem: expect.stringContaining("the audit reads contracts by itself") },
  ]);
});

test("what one worker alone uses does not stay in shared, also when it is reached through shared", () => {
  const files = {
    "workers/shared/event/index.ts": 'import "./bisect.ts";',
    "workers/shared/event/bisect.ts": "",
    "workers/consumer/main.ts": 'import "../shared/event/index.ts"; import "../shared/runtime/clock.ts";',
    "workers/producer/send.test.ts": 'import "../shared/event/index.ts";',
  };
  const problem = "is used by consumer alone: shared holds what two workers use";
  expect(planted(files)).toEqual([
    { file: "workers/shared/event/index.ts", problem },
    { file: "workers/shared/event/bisect.ts", problem },
  ]);
});

test("Biome refuses circles, also of types, and the clients outside of their rooms", async () => {
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-lint-"));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  try {
    cpSync(join(ROOT, "biome.json"), join(dir, "biome.json"));
    symlinkSync(join(ROOT, "node_modules"), join(dir, "node_modules"));
    write(".gitignore", "node_modules\n");
    write("workers/shared/kafka/client.ts", 'import "kafkajs";\n');
    write("workers/shared/clickhouse/client.ts", 'import "@clickhouse/client";\n');
    const lint = async () => {
      const child = Bun.spawn(
        [join(ROOT, "node_modules/.bin/biome"), "lint", "--reporter=json", "--vcs-enabled=false", "."],
        {
          cwd: dir,
          stdout: "pipe",
          stderr: "ignore",
        },
      );
      const text = await new Response(child.stdout).text();
      const report = JSON.parse(text) as { diagnostics: { category: string; location: { path: string } }[] };
      return report.diagnostics.map(({ category, location }) => `${location.path} ${category}`).sort();
    };
    expect(await lint()).toEqual([]);
    write("workers/shared/a.ts", 'import type { B } from "./b.ts";\nexport type A = { b: B };\n');
    write("workers/shared/b.ts", 'import type { A } from "./a.ts";\nexport type B = { a?: A };\n');
    write("workers/ops/read.ts", 'import "kafkajs";\n');
    write("workers/shared/kafka/store.ts", 'import "@clickhouse/client";\n');
    write("workers/shared/clickhouse/topic.ts", 'import "kafkajs/src/cluster";\n');
    expect(await lint()).toEqual([
      "workers/ops/read.ts lint/style/noRestrictedImports",
      "workers/shared/a.ts lint/suspicious/noImportCycles",
      "workers/shared/b.ts lint/suspicious/noImportCycles",
      "workers/shared/clickhouse/topic.ts lint/style/noRestrictedImports",
      "workers/shared/kafka/store.ts lint/style/noRestrictedImports",
    ]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test("a file of more than 300 lines is refused", () => {
  const file = "workers/producer/send.ts";
  expect(planted({ [file]: "//\n".repeat(300) })).toEqual([]);
  expect(planted({ [file]: "//\n".repeat(301) })).toMatchObject([
    { file, problem: expect.stringContaining("301 lines") },
  ]);
});
