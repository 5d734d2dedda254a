/**
 * Every command that README and the guide show is run here, read from the page, in the order of the pages, with other
 * ports; or it stands in NOT_RUN with the reason. So a page cannot show what does not work.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dieWithParent } from "../testkit/process/die-with-parent.ts";
import { freePort } from "../testkit/process/ports.ts";
import { waitFor } from "../testkit/process/wait-for.ts";

const ROOT = join(import.meta.dir, "../..");
/** In the order in which somebody new reads them; the last command of the last one that is run ends the stack. */
const PAGES = ["README.md", "docs/console.md", "docs/first-hour.md", "docs/kubernetes.md", "CONTRIBUTING.md"];

const NEEDS_CLUSTER = "needs a cluster: `make lab-test` runs the same targets on a real one";
const LONG = "a suite of its own, run by `make test-all` or by hand";
/** Commands that are not run, by how they begin. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "make demo": LONG,
  "make test": LONG,
  "make lint": LONG,
  "make test-all": LONG,
  "make chaos": LONG,
  "make mutation": LONG,
  "make setup": "has been run when this test runs",
  "make cluster-": NEEDS_CLUSTER,
  "CLUSTER_PROVIDER=": NEEDS_CLUSTER,
  "CLUSTER_VALUES=": NEEDS_CLUSTER,
  kubectl: NEEDS_CLUSTER,
  "helm test": NEEDS_CLUSTER,
  "export KUBECONFIG=": NEEDS_CLUSTER,
  "echo 'lake:": NEEDS_CLUSTER,
  "PLATFORMS=": "needs Docker's buildx and a registry",
  "dist/console": "`make up` has started it",
  'curl -s -H "authorization': "names a letter of an example; console.browser.test.ts replays one",
  "KAFKA_BROKERS=127.0.0.1:29092": "names a stack on other ports, as this test's is",
};

/** The commands of a page's `sh` blocks: comments and empty lines left out, continued lines and here-documents whole. */
function commandsOf(page: string): string[] {
  const blocks = [...readFileSync(join(ROOT, page), "utf8").matchAll(/^```sh\n(.*?)^```$/gms)].map(
    ([, block]) => block,
  );
  const commands: string[] = [];
  for (const block of blocks) {
    const lines = (block ?? "").split("\n");
    for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
      let command = line.replace(/\s+# .*$/, "");
      if (command === "" || command.startsWith("#")) continue;
      while (command.endsWith("\\") && lines.length > 0) command += `\n${lines.shift()}`;
      const end = /<<'(\w+)'/.exec(command)?.[1];
      while (end !== undefined && !command.endsWith(`\n${end}`) && lines.length > 0) command += `\n${lines.shift()}`;
      commands.push(command);
    }
  }
  return commands;
}

/** Each command once, where it comes first. */
const documented = PAGES.flatMap((page) => commandsOf(page).map((command) => ({ page, command }))).filter(
  ({ command }, i, all) => all.findIndex((other) => other.command === command) === i,
);
const reasonNotToRun = (command: string) => Object.entries(NOT_RUN).find(([start]) => command.startsWith(start))?.[1];
const toRun = documented.filter(({ command }) => reasonNotToRun(command) === undefined && command !== "make down");

test("pages show commands, and each reason not to run one is needed", () => {
  for (const page of PAGES) expect(commandsOf(page)).not.toEqual([]);
  const needless = Object.keys(NOT_RUN).filter((start) => !documented.some(({ command }) => command.startsWith(start)));
  expect(needless).toEqual([]);
  expect(toRun.length).toBeGreaterThan(12);
});

/** One shell for all commands, as a reader has one: variables and background jobs live on. */
class Shell {
  readonly #child;
  readonly #output: AsyncIterator<string>;
  #pending = "";

  constructor(cwd: string, env: Record<string, string>) {
    this.#child = Bun.spawn(dieWithParent(["bash"]), { cwd, env, stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    const text = this.#child.stdout.pipeThrough(new TextDecoderStream());
    this.#output = text[Symbol.asyncIterator]();
  }

  /** Runs a command to its end and returns what it printed, errors included. */
  async run(command: string): Promise<{ code: number; output: string }> {
    const mark = `ended-${crypto.randomUUID()}`;
    this.#child.stdin.write(`{ ${command}\n} 2>&1 </dev/null\necho "${mark} $?"\n`);
    this.#child.stdin.flush();
    for (;;) {
      const at = this.#pending.indexOf(mark);
      const end = at < 0 ? -1 : this.#pending.indexOf("\n", at);
      if (end >= 0) {
        const result = { code: Number(this.#pending.slice(at + mark.length, end)), output: this.#pending.slice(0, at) };
        this.#pending = this.#pending.slice(end + 1);
        return result;
      }
      const next = await this.#output.next();
      if (next.done === true) throw new Error(`the shell ended: ${this.#pending}`);
      this.#pending += next.value;
    }
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#child.exited;
  }
}

describe("the commands of README and guide, in their order", () => {
  let shell: Shell;
  let dir: string;
  /** The port in the pages → that of this test's stack. */
  const ports = new Map<string, string>();

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "countinghouse-docs-"));
    const variables = [
      ["LOCAL_KAFKA_PORT", "19092"],
      ["LOCAL_CLICKHOUSE_PORT", "18123"],
      ["LOCAL_CONSOLE_PORT", "18081"],
      ["LOCAL_PROMETHEUS_PORT", "19090"],
      ["LOCAL_ALERTMANAGER_PORT", "19094"],
      ["LOCAL_CONSUMER_HEALTH_PORT", "18082"],
      ["LOCAL_PRODUCER_HEALTH_PORT", "18083"],
      ["LOCAL_VERIFY_HEALTH_PORT", "18084"],
      ["LOCAL_CONSOLE_HEALTH_PORT", "18085"],
      ["LOCAL_KAFKA_METRICS_PORT", "19404"],
      ["HTTP_PORT", "8080"],
    ] as const;
    const { PATH = "", HOME = "" } = process.env;
    const env: Record<string, string> = { PATH, HOME, TZ: "UTC", LOCAL_DIR: join(dir, "local") };
    for (const [variable, port] of variables) {
      const free = String(await freePort());
      env[variable] = free;
      ports.set(port, free);
    }
    env.KAFKA_BROKERS = `127.0.0.1:${env.LOCAL_KAFKA_PORT}`;
    env.CLICKHOUSE_URL = `http://127.0.0.1:${env.LOCAL_CLICKHOUSE_PORT}`;
    shell = new Shell(ROOT, env);
  });
  afterAll(async () => {
    await shell.run("make down");
    await shell.run("rm -f my-events.jsonl events.ndjson");
    await shell.end();
    rmSync(dir, { recursive: true, force: true });
  }, 120_000);

  for (const { page, command } of toRun) {
    test(`${page}: ${command.split("\n")[0]}`, async () => {
      const here = command.replace(/(?<=(?:127\.0\.0\.1|localhost):)\d+/g, (port) => ports.get(port) ?? port);
      const retry = here.startsWith("curl ")
        ? here.replace(/^curl /, "curl --fail-with-body --retry 20 --retry-delay 1 --retry-all-errors ")
        : here;
      expect(await shell.run(retry)).toMatchObject({ code: 0 });
    }, 300_000);
  }

  test("what kcat, HTTP, a file and the simulator send is proven within two minutes, without a command", async () => {
    const sinceMs = Date.now();
    for (const sender of ["kcat", "http", "file"]) {
      await Bun.write(join(dir, `${sender}.jsonl`), eventLines(sender));
    }
    for (const command of [
      `kcat -P -b $KAFKA_BROKERS -t events -l ${dir}/kcat.jsonl`,
      `dist/producer file ${dir}/file.jsonl`,
      "API_KEYS=secret dist/producer http & ingest=$!",
      `curl --fail-with-body --retry 20 --retry-delay 1 --retry-all-errors 127.0.0.1:$HTTP_PORT/v1/events \
         -H 'Authorization: Bearer secret' --data-binary @${dir}/http.jsonl`,
      "kill $ingest",
    ]) {
      expect(await shell.run(command)).toMatchObject({ code: 0 });
    }
    const sentMs = Date.now();
    const all = await waitFor(
      async () => {
        const senders = await provenBySender(shell, sinceMs, sentMs);
        const whole = senders.every(({ stored, proven, until }) => proven === stored && until >= sentMs);
        return senders.length >= 4 && whole ? senders : undefined;
      },
      { timeoutMs: sinceMs + 120_000 - Date.now(), intervalMs: 1_000, describe: "all four senders to be proven" },
    );
    expect(all.map(({ sender, stored }) => [sender, sender === "simulator" || stored])).toEqual([
      ["file", EVENTS],
      ["http", EVENTS],
      ["kcat", EVENTS],
      ["simulator", true],
    ]);
  }, 180_000);
});

/** Sent by each. */
const EVENTS = 50;

function eventLines(sender: string): string {
  const time = new Date().toISOString();
  const common = { user_id: `proven-${sender}`, event_type: "click", event_time: time, received_time: time };
  return Array.from({ length: EVENTS }, () => `${JSON.stringify({ event_id: crypto.randomUUID(), ...common })}\n`).join(
    "",
  );
}

type Proven = { sender: string; stored: number; proven: number; until: number };

/** Of the messages that Kafka took between two times (Unix ms), how many of each sender lie in what the continuous audit has passed. */
async function provenBySender(shell: Shell, sinceMs: number, sentMs: number): Promise<Proven[]> {
  const sql = `
    SELECT multiIf(startsWith(user_id, 'proven-'), substring(user_id, 8), producer != '', 'simulator', 'other') AS sender,
      toUInt32(count()) AS stored,
      toUInt32(countIf(kafka_offset >= first_offset AND kafka_offset < next_offset AND difference = '')) AS proven,
      toFloat64((SELECT toUnixTimestamp64Milli(min(proven_until)) FROM proof)) AS until
    FROM events_raw INNER JOIN proof USING (kafka_partition)
    WHERE toUnixTimestamp64Milli(kafka_append_time) BETWEEN ${sinceMs} AND ${sentMs}
    GROUP BY sender HAVING sender != 'other' ORDER BY sender FORMAT JSONEachRow`;
  const { output } = await shell.run(
    `curl -s --fail-with-body "$CLICKHOUSE_URL/?database=countinghouse" --data-binary "${sql}"`,
  );
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): Proven => JSON.parse(line));
}
