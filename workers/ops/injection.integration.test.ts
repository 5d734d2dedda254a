/** Every input of `ops` that could reach SQL, attacked: options and arguments as the program declares them, and variables. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { createProgram } from "./cli/program.ts";
import { messageOf } from "./testing/events.ts";
import { createOpsFixture, type OpsFixture } from "./testing/fixture.ts";
import { silentIo } from "./testing/io.ts";

const ATTACKS = [
  "' OR 1=1 --",
  "'; DROP TABLE events_raw; --",
  "1) UNION ALL SELECT name FROM system.tables --",
  "{from:Int64}",
];
/** Printed only by a command that was led to show what it was not asked for. */
const SENTINEL = "sentinel-user";

/** Where a value names a file, the attack is a file's name in this directory. */
const FILES = new Set(["--edit", "--temp-dir", "--metrics-file"]);
/** What else a command needs so that it reads its input, and ends soon when it takes the attack for a value. */
const BESIDES: Readonly<Record<string, readonly string[]>> = {
  verify: ["--audit", "--wait", "1s"],
  restore: ["--prove", "--wait", "1s"],
  rewind: ["--from", "earliest"],
  skip: ["--partition", "0", "--from", "0", "--to", "0"],
  smoke: ["--url", "http://127.0.0.1:1", "--wait", "1s"],
  "dlq replay": ["--dry-run", "--all"],
  "conflicts resolve": ["--dry-run"],
  "lake export": ["--dry-run"],
};

let fixture: OpsFixture;
const dir = mkdtempSync(join(tmpdir(), "countinghouse-injection-"));
beforeAll(async () => {
  fixture = await createOpsFixture("injection");
  fixture.env.LAKE_URL = `file://${dir}`;
  const event = { id: crypto.randomUUID(), timeMs: Date.now() - 1_000, source: "web", type: "click", user: SENTINEL };
  await fixture.produce([messageOf(event), { key: SENTINEL, value: `{"not an event": "${SENTINEL}"}` }]);
  await fixture.consume();
}, 60_000);
afterAll(async () => {
  await fixture.close();
  rmSync(dir, { recursive: true, force: true });
});

const intact = async () => {
  const [row] = await fixture.clickhouse.query<{ events: string; letters: string; tables: string }>(
    "SELECT (SELECT count() FROM events) AS events, (SELECT count() FROM dead_letters) AS letters, (SELECT count() FROM system.tables WHERE database = currentDatabase()) AS tables",
  );
  return row;
};

/** Commands that do something, by what a user types. */
function leaves(command: Command, path: readonly string[] = []): { path: readonly string[]; command: Command }[] {
  if (command.commands.length === 0) return [{ path, command }];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

const COMMANDS = leaves(createProgram(silentIo({})));

async function attack(args: readonly string[]): Promise<void> {
  const before = await intact();
  const { code, out, err } = await fixture.run([...args]);
  // 0 and 1 would mean that the attack was taken for a value of use; commands that only look may find nothing.
  expect({ args, code: [0, 2, 3].includes(code), out: out.includes(SENTINEL) }).toEqual({
    args,
    code: true,
    out: false,
  });
  expect(err).not.toMatch(/^\s+at /m);
  // Neither a syntax error nor an unknown name: the attack never was part of a statement.
  expect(err).not.toMatch(/SYNTAX_ERROR|UNKNOWN_(TABLE|IDENTIFIER|QUERY_PARAMETER)/);
  expect(await intact()).toEqual(before);
}

describe("options and arguments", () => {
  for (const { path, command } of COMMANDS) {
    const name = path.join(" ");
    const options = command.options.filter((option) => option.required && option.long !== undefined);
    const takesArguments = command.registeredArguments.length > 0;
    if (options.length === 0 && !takesArguments) continue;
    test(name, async () => {
      for (const text of ATTACKS) {
        for (const { long = "" } of options.filter((option) => option.long !== "--url")) {
          // Names of files reach no SQL: once is enough.
          if (FILES.has(long) && text !== ATTACKS[0]) continue;
          const value = FILES.has(long) ? join(dir, "none", text) : text;
          const besides = (BESIDES[name] ?? []).join(" ").replace(new RegExp(`${long} \\S+`), "");
          await attack([...path, ...besides.split(" ").filter((part) => part !== ""), long, value]);
        }
        if (takesArguments) {
          for (const value of [text, `${text}/0/1`, `events/0/${text}`]) {
            await attack([...path, ...(BESIDES[name] ?? []).filter((flag) => flag !== "--all"), "--", value]);
          }
        }
      }
    }, 120_000);
  }

  test("the commands above are all there are", () => {
    expect(COMMANDS.map(({ path }) => path.join(" ")).sort()).toEqual([
      "conflicts list",
      "conflicts resolve",
      "contract check",
      "dlq list",
      "dlq replay",
      "dlq show",
      "doctor",
      "lake export",
      "lake verify",
      "migrate",
      "restore",
      "rewind",
      "secrets ensure",
      "skip",
      "smoke",
      "verify",
    ]);
  });
});

describe("variables", () => {
  const NAMES = [
    "CLICKHOUSE_DATABASE",
    "CLICKHOUSE_USER",
    "KAFKA_EVENTS_TOPIC",
    "KAFKA_DLQ_TOPIC",
    "KAFKA_LEDGER_TOPIC",
    "KAFKA_GROUP_ID",
    "KAFKA_LEDGER_GROUP_ID",
    "EVENT_MAX_AGE_DAYS",
    "LAKE_URL",
  ];
  for (const name of NAMES) {
    test(name, async () => {
      const real = fixture.env[name];
      const changed = fixture.env as Record<string, string | undefined>;
      try {
        for (const text of ATTACKS.slice(0, 2)) {
          changed[name] = name === "LAKE_URL" ? `file:///tmp/${text}` : text;
          const command = name === "LAKE_URL" ? ["lake", "export", "--dry-run"] : ["verify", "--wait", "1s"];
          await attack(command);
        }
      } finally {
        changed[name] = real;
      }
    }, 120_000);
  }
});
