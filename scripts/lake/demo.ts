/**
 * `make lake-demo`: events through the whole pipeline, late ones and duplicates among them; an export that is killed midway
 * and run again; more events days late; then the proof that store and lake are equal, and the same totals from DuckDB.
 * Exit code 0 only if everything is equal.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EmbeddedPipeline } from "../testkit/embedded-pipeline.ts";
import { startWorker } from "../testkit/worker.ts";
import { Gateway } from "./gateway.ts";
import { DAY_MS, HOUR_MS, readByOthers, readStore, type SeenGroup, settle } from "./harness.ts";
import { fetchTools } from "./tools.ts";

const HISTORY_HOURS = 96;
const EVENTS_PER_HOUR = 60;
const SECONDS = 15;
/** The exporter is killed once it has written this many hours. */
const KILL_AFTER_HOURS = 12;

const say = (text: string) => console.log(`\n== ${text}`);

/** Lines of events at irregular times of past hours; every tenth line is there twice. */
function historyLines(hours: readonly number[], perHour: number): string[] {
  return hours.flatMap((hourMs) =>
    Array.from({ length: perHour }, (_, i) => {
      const time = new Date(hourMs + Math.floor(((i + 0.37) * HOUR_MS) / perHour)).toISOString();
      const base = { event_id: crypto.randomUUID(), user_id: `user-${i % 17}`, event_time: time, received_time: time };
      const event =
        i % 3 === 0
          ? {
              ...base,
              source: "lottery",
              event_type: "ticket_purchased",
              payload: { amount: `${i + 1}.25`, currency: "EUR" },
            }
          : { ...base, event_type: "click" };
      const line = JSON.stringify(event);
      return i % 10 === 0 ? [line, line] : [line];
    }).flat(),
  );
}

async function produce(pipeline: EmbeddedPipeline, name: string, args: readonly string[]): Promise<void> {
  const producer = pipeline.startProducer(args);
  if ((await producer.exited) !== 0) {
    throw new Error(
      `${name} failed:\n${producer.logs
        .slice(-15)
        .map((line) => line.text)
        .join("\n")}`,
    );
  }
}

async function produceFile(pipeline: EmbeddedPipeline, name: string, lines: readonly string[]): Promise<void> {
  const file = join(pipeline.dir, `${name}.jsonl`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  await produce(pipeline, name, ["file", file]);
  console.log(`${name}: ${lines.length} messages`);
}

/** Everything produced is stored, counted and shown. */
async function caughtUp(pipeline: EmbeddedPipeline): Promise<boolean> {
  const verify = await pipeline.ops(["verify", "--all", "--wait", "120s"]);
  console.log(verify.stdout.trimEnd().split("\n").at(-1) ?? "");
  if (verify.code !== 0) console.error(verify.stdout, verify.stderr);
  await settle(pipeline.clickhouse);
  return verify.code === 0;
}

async function lake(
  pipeline: EmbeddedPipeline,
  env: Record<string, string>,
  args: string[],
  expected: number,
): Promise<boolean> {
  const run = await pipeline.ops(["lake", ...args], env);
  const lines = run.stdout.trimEnd().split("\n");
  const shown =
    lines.length <= 14 ? lines : [...lines.slice(0, 7), `… ${lines.length - 11} more lines …`, ...lines.slice(-4)];
  console.log(`$ ops lake ${args.join(" ")}\n${shown.join("\n")}`);
  if (run.code === expected) return true;
  console.error(`${run.stderr}\nexit code ${run.code}, expected ${expected}`);
  return false;
}

async function killedExport(pipeline: EmbeddedPipeline, env: Record<string, string>): Promise<boolean> {
  const victim = startWorker({
    binary: "ops",
    args: ["lake", "export", "--parallel", "1"],
    env: { ...pipeline.env, ...env },
  });
  await victim.waitForLog((line) => line.text.includes(`[${KILL_AFTER_HOURS}/`), { timeoutMs: 120_000 });
  const code = await victim.kill("SIGKILL");
  const written = victim.logs.filter((line) => /\[\d+\/\d+\]/.test(line.text)).length;
  console.log(`killed with SIGKILL after ${written} hours (exit code ${code})`);
  return code === 137;
}

async function sameTotals(pipeline: EmbeddedPipeline, gateway: Gateway): Promise<boolean> {
  const store = await readStore(pipeline.clickhouse);
  const { duckdb } = await readByOthers(join(gateway.bucketDir, "demo"));
  const show = (name: string, groups: Record<string, SeenGroup>) => {
    for (const [source, { events, ids, amount }] of Object.entries(groups)) {
      console.log(
        `${name.padEnd(10)} ${source.padEnd(8)} ${String(events).padStart(9)} events ${String(ids).padStart(9)} ids  ${amount}`,
      );
    }
  };
  show("ClickHouse", store);
  show("DuckDB", duckdb?.groups ?? {});
  const key = (groups: Record<string, SeenGroup>) =>
    JSON.stringify(
      Object.entries(groups)
        .map(([source, { events, ids, amount, times }]) => [source, events, ids, amount, times])
        .sort(),
    );
  return key(store) === key(duckdb?.groups ?? {});
}

async function runDemo(pipeline: EmbeddedPipeline): Promise<boolean> {
  const s3Dir = join(pipeline.dir, "s3");
  mkdirSync(s3Dir, { recursive: true });
  const gateway = await Gateway.start(s3Dir);
  try {
    const env = gateway.env("demo");
    const checks: [string, boolean][] = [];
    const check = async (name: string, result: Promise<boolean>) => checks.push([name, await result]);
    pipeline.startConsumer();

    say(`${HISTORY_HOURS} past hours from a file, and ${SECONDS} s of simulated events: 20 % late, 10 % sent twice`);
    const thisHour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const hours = Array.from({ length: HISTORY_HOURS }, (_, i) => thisHour - (i + 1) * HOUR_MS);
    await produceFile(pipeline, "history", historyLines(hours, EVENTS_PER_HOUR));
    const simulate = ["--rate", "1000", "--seconds", String(SECONDS), "--late-share", "0.2", "--late-range", "3-8"];
    await produce(pipeline, "simulation", [
      "simulate",
      ...simulate,
      "--duplicate-share",
      "0.1",
      "--malformed-share",
      "0.01",
    ]);
    await check("produced = stored", caughtUp(pipeline));

    say("Export, killed midway, and run again");
    await check("killed midway", killedExport(pipeline, env));
    await check("a killed export leaves work to do", lake(pipeline, env, ["verify"], 1));
    await check("export", lake(pipeline, env, ["export"], 0));
    await check("store = lake", lake(pipeline, env, ["verify"], 0));

    say("Events that come one to four days late, each twice");
    const late = historyLines(
      [1, 2, 3, 4].map((days) => thisHour - days * DAY_MS + HOUR_MS),
      5,
    );
    await produceFile(pipeline, "late", [...late, ...late]);
    await check("produced = stored", caughtUp(pipeline));
    await check("verify names the touched hours", lake(pipeline, env, ["verify"], 1));
    await check("export", lake(pipeline, env, ["export"], 0));
    await check("store = lake", lake(pipeline, env, ["verify"], 0));

    say("The same totals from DuckDB");
    await check("DuckDB = ClickHouse", sameTotals(pipeline, gateway));

    say("Verdict");
    for (const [name, ok] of checks) console.log(`${ok ? "ok  " : "FAIL"} ${name}`);
    return checks.every(([, ok]) => ok);
  } finally {
    await gateway.kill();
  }
}

await fetchTools();
say("Starting Kafka, ClickHouse, an S3 service and the schema");
let pipeline: EmbeddedPipeline | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void (pipeline?.stop() ?? Promise.resolve()).finally(() => process.exit(130)));
}
try {
  pipeline = await EmbeddedPipeline.start();
  const equal = await runDemo(pipeline);
  say(equal ? "EQUAL: the lake holds what the store holds" : "NOT EQUAL: see above");
  process.exitCode = equal ? 0 : 1;
} finally {
  await pipeline?.stop();
}
