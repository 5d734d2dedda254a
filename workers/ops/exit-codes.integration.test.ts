import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { CertificateAuthority } from "../../scripts/testkit/certificates.ts";
import { seeded, startWorker } from "../../scripts/testkit/index.ts";
import { EXIT } from "./cli/exit-codes.ts";
import { createProgram, runProgram } from "./cli/program.ts";
import { runReporting } from "./cli/services.ts";
import { ensureSecrets } from "./secrets/command.ts";
import { inClusterApi } from "./secrets/kubernetes-api.ts";
import { messageOf, testEvents } from "./testing/events.ts";
import { createOpsFixture, type OpsFixture } from "./testing/fixture.ts";
import { silentIo } from "./testing/io.ts";

type Row = {
  /** What makes it do its work. */
  args: readonly string[];
  /** With everything in order and one event stored; undefined: it runs until it is interrupted. */
  done: number | undefined;
  /** Kafka and ClickHouse are away; undefined: it waits for them. */
  unreachable: number | undefined;
  /** Interrupted at any moment before its end. */
  interrupted: number;
};

const usual = { args: [], done: EXIT.ok, unreachable: EXIT.notProven, interrupted: EXIT.notProven };
/** The exit codes of each command. Wrong usage and wrong configuration are 2 everywhere. */
const TABLE: Readonly<Record<string, Row>> = {
  migrate: { ...usual, args: ["--no-topics", "--wait", "1s"] },
  verify: { ...usual, args: ["--wait", "20s", "--settle", "2s"] },
  "verify --audit": { ...usual, args: ["--audit", "--wait", "20s"] },
  "verify --watch": {
    args: ["--watch", "--interval", "1s"],
    done: undefined,
    unreachable: undefined,
    interrupted: EXIT.ok,
  },
  "dlq list": usual,
  "dlq show": { ...usual, args: ["none/0/0"], done: EXIT.usage },
  "dlq replay": { ...usual, args: ["--all", "--dry-run"] },
  "conflicts list": usual,
  "conflicts resolve": { ...usual, args: ["--dry-run"] },
  rewind: { ...usual, args: ["--from", "earliest"] },
  restore: usual,
  "restore --from-lake": { ...usual, args: ["--from-lake", "--retries", "1"] },
  "restore --prove": { ...usual, args: ["--prove", "--wait", "20s"] },
  "lake export": { ...usual, args: ["--retries", "1"] },
  "lake verify": { ...usual, args: ["--retries", "1"] },
  // Offset 0 is read and committed, so that nothing has to move.
  skip: { ...usual, args: ["--partition", "0", "--from", "0", "--to", "0"] },
  // It names what is wrong with the connection: that is a finding.
  doctor: { ...usual, unreachable: EXIT.different },
  smoke: { ...usual, args: ["--url", "http://127.0.0.1:1", "--wait", "1s"], done: EXIT.notProven },
};
const nameOf = (key: string) => key.split(" --")[0] ?? key;

let fixture: OpsFixture;
const dir = mkdtempSync(join(tmpdir(), "countinghouse-exit-"));
beforeAll(async () => {
  fixture = await createOpsFixture("exitcodes");
  fixture.env.LAKE_URL = `file://${dir}`;
  await fixture.produce(testEvents(5, Date.now() - 10_000).map((event) => messageOf(event)));
  await fixture.consume();
}, 120_000);
afterAll(async () => {
  await fixture.close();
  rmSync(dir, { recursive: true, force: true });
});

async function run(args: readonly string[], env: Record<string, string> = {}, interruptMs?: number) {
  const stop = new AbortController();
  const result = { code: -1, out: "", err: "", interrupted: false, sinceMs: 0 };
  const timer =
    interruptMs === undefined
      ? undefined
      : setTimeout(() => {
          result.interrupted = true;
          result.sinceMs = performance.now();
          stop.abort();
        }, interruptMs);
  const io = silentIo(
    { ...fixture.env, ...env },
    {
      out: (text) => {
        result.out += `${text}\n`;
      },
      err: (text) => {
        result.err += `${text}\n`;
      },
      signal: stop.signal,
      exit: (code) => {
        result.code = code;
      },
    },
  );
  await runProgram(createProgram(io), io, ["bun", "ops", ...args]);
  clearTimeout(timer);
  return result;
}

function leaves(command: Command, path: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(" ")];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

describe.each(Object.entries(TABLE))("%s", (key, row) => {
  const words = nameOf(key).split(" ");

  test("usage and configuration", async () => {
    expect((await run([...words, "--bogus"])).code).toBe(EXIT.usage);
    const misspelled = await run([...words, ...row.args], { CLICKHOUSE_ULR: "http://127.0.0.1:1" });
    expect(misspelled.code).toBe(EXIT.usage);
    expect(misspelled.err).toContain("CLICKHOUSE_ULR: did you mean CLICKHOUSE_URL?");
  });

  const { done, unreachable } = row;
  if (done !== undefined) {
    test("done", async () => {
      const { code, err } = await run([...words, ...row.args]);
      expect([code, code === done ? "" : err]).toEqual([done, ""]);
    });
  }

  if (unreachable !== undefined) {
    test("nobody answers: said with the variable, soon", async () => {
      const began = performance.now();
      const away = { KAFKA_BROKERS: "127.0.0.1:1", CLICKHOUSE_URL: "http://127.0.0.1:1" };
      const { code, err, out } = await run([...words, ...row.args], away);
      expect(code).toBe(unreachable);
      expect(`${err}${out}`).toMatch(/KAFKA_BROKERS|CLICKHOUSE_URL/);
      if (nameOf(key) !== "migrate") expect(performance.now() - began).toBeLessThan(20_000);
    });
  }

  test("interrupted at random moments: one line, and never a verdict that was cut short", async () => {
    const next = seeded(key.length);
    for (let i = 0; i < 4; i++) {
      const quiet = { LOG_LEVEL: "silent" };
      const ran = await run([...words, ...row.args], quiet, next() ** 2 * 600);
      const { code, err, out, interrupted, sinceMs } = ran;
      if (!interrupted) {
        expect(code).toBe(row.done ?? -1);
        continue;
      }
      expect([row.interrupted, row.done ?? row.interrupted]).toContain(code);
      if (code === row.done && row.done !== row.interrupted) continue;
      if (code === EXIT.notProven) expect(err.trim().split("\n").at(-1)).toStartWith("interrupted: ");
      expect(`${err}${out}`).not.toMatch(/\n\s+at |DIFFERENT/);
      expect(performance.now() - sinceMs).toBeLessThan(20_000);
    }
  });
});

test("the table names every command, save those that ask no store", () => {
  const known = new Set(Object.keys(TABLE).map(nameOf));
  const asksNoStore = ["secrets ensure", "contract check"];
  const others = leaves(createProgram(silentIo({}))).filter((name) => !known.has(name) && !asksNoStore.includes(name));
  expect(others).toEqual([]);
});

test("secrets ensure: 2 for a wrong name, 3 outside of a cluster, said in two lines", async () => {
  expect((await run(["secrets", "ensure"])).code).toBe(EXIT.usage);
  const outside = await run(["secrets", "ensure", "console-token/token"]);
  expect([outside.code, outside.err.trim().split("\n").length]).toEqual([EXIT.notProven, 2]);
  const cluster = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: "1" };
  const noAccount = await run(["secrets", "ensure", "console-token/token"], cluster);
  expect([noAccount.code, noAccount.err]).toEqual([EXIT.notProven, expect.stringContaining("service account")]);
});

test("secrets ensure, interrupted while the cluster's API does not answer: 3 in one line", async () => {
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const account = mkdtempSync(join(tmpdir(), "countinghouse-account-"));
  await CertificateAuthority.create(account); // leaves ca.crt
  for (const name of ["namespace", "token"]) writeFileSync(join(account, name), "x");
  const { port } = silent.address() as AddressInfo;
  const api = inClusterApi({ KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(port) }, account);
  const next = seeded(7);
  for (let i = 0; i < 4; i++) {
    const stop = new AbortController();
    const lines: string[] = [];
    const codes: number[] = [];
    const io = silentIo(
      {},
      {
        signal: stop.signal,
        out: (text) => lines.push(text),
        err: (text) => lines.push(text),
        exit: (code) => codes.push(code),
      },
    );
    const done = runReporting(io, () => ensureSecrets(["console-token/token"], { io, api }));
    await Bun.sleep(next() * 200);
    stop.abort();
    await done;
    expect([codes, lines.length, lines[0]]).toEqual([[EXIT.notProven], 1, expect.stringMatching(/^interrupted: /)]);
  }
  silent.close();
  rmSync(account, { recursive: true, force: true });
});

test("another web server in ClickHouse's place is named in a line", async () => {
  const page = `<!DOCTYPE html>\n<html><head><title>Welcome!</title></head>${"<p>\n".repeat(50)}</html>`;
  const server = Bun.serve({ port: 0, fetch: () => new Response(page, { status: 404 }) });
  const { code, err } = await run(["verify"], { CLICKHOUSE_URL: `http://127.0.0.1:${server.port}` });
  await server.stop(true);
  expect(code).toBe(EXIT.notProven);
  expect(err.trim().split("\n").length).toBe(2);
  expect(err).toContain('(CLICKHOUSE_URL): a web page ("Welcome!") answers there, not ClickHouse');
});

test.each([
  [["verify", "--wait", "60s"], 3],
  [["verify", "--audit", "--wait", "60s"], 3],
  [["verify", "--watch", "--interval", "1s"], 0],
])(
  "the process itself on SIGTERM: %p ends with %p",
  async (args, code) => {
    // Nothing reads this group, so that each of them waits until it is told to stop.
    const env = { ...fixture.env, KAFKA_GROUP_ID: `${fixture.name}-nobody` };
    const worker = startWorker({ entry: "workers/ops/main.ts", args, env });
    await worker.waitForLog(({ text }) => /waiting|watching/.test(text), { timeoutMs: 60_000 });
    await Bun.sleep(500);
    const began = performance.now();
    expect(await worker.kill("SIGTERM")).toBe(code);
    expect(performance.now() - began).toBeLessThan(15_000);
    const text = worker.text;
    expect(text).not.toMatch(/\n\s+at |DIFFERENT/);
    if (code === 3) expect(worker.logs.at(-1)?.text).toStartWith("interrupted: ");
  },
  120_000,
);
