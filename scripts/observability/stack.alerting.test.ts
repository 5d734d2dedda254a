import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { dashboards, panelsOf } from "../../observability/dashboards/index.ts";
import { EmbeddedPipeline } from "../testkit/embedded-pipeline.ts";
import { freePort } from "../testkit/process/ports.ts";
import { waitFor } from "../testkit/process/wait-for.ts";
import { type RunningWorker, startWorker } from "../testkit/worker.ts";
import { Alertmanager, findAlertmanager } from "./alertmanager.ts";
import { findPrometheus, Prometheus } from "./prometheus.ts";

/**
 * The compiled workers with a real broker and engine, watched by a real Prometheus and Alertmanager with the rules and the
 * configuration as they are; only the interval between two scrapes is shorter. Notifications go to the console.
 */

let pipeline: EmbeddedPipeline;
let prometheus: Prometheus;
let alertmanager: Alertmanager;
let consumer: RunningWorker;
const others: RunningWorker[] = [];
const ports = { consumer: 0, producer: 0, verify: 0, console: 0, web: 0, kafka: 0 };

beforeAll(async () => {
  const [promProgram, amProgram] = [findPrometheus(), findAlertmanager()];
  if (promProgram === undefined || amProgram === undefined) {
    throw new Error("Prometheus or Alertmanager is missing: run bash scripts/observability/install.sh");
  }
  for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort();
  pipeline = await EmbeddedPipeline.start({ kafkaMetricsPort: ports.kafka });
  const token = randomBytes(16).toString("hex");
  const tokenFile = join(pipeline.dir, "console-token");
  writeFileSync(tokenFile, token);
  consumer = startConsumer();
  others.push(
    pipeline.startProducer(["simulate"], {
      HEALTH_PORT: String(ports.producer),
      SIM_RATE: "60",
      SIM_MALFORMED_SHARE: "0.005",
    }),
    startWorker({
      binary: "ops",
      args: ["verify", "--watch", "--interval", "2s"],
      env: { ...pipeline.env, HEALTH_PORT: String(ports.verify) },
    }),
    startWorker({
      binary: "console",
      env: { ...pipeline.env, HEALTH_PORT: String(ports.console), HTTP_PORT: String(ports.web), CONSOLE_TOKEN: token },
    }),
  );
  const [amPort, promPort] = [await freePort(), await freePort()];
  const at = (port: number) => `127.0.0.1:${port}`;
  const webhook = { url: `http://${at(ports.web)}/api/v1/alerts/webhook`, tokenFile };
  alertmanager = new Alertmanager(
    { dir: join(pipeline.dir, "am"), port: amPort, webhook, logFile: join(pipeline.dir, "am.log") },
    amProgram,
  );
  const { consumer: consumerPort, producer, verify, console: consolePort, kafka } = ports;
  const jobs = {
    consumer: at(consumerPort),
    producer: at(producer),
    verify: at(verify),
    console: at(consolePort),
    kafka: at(kafka),
    clickhouse: new URL(pipeline.engine.url).host,
  };
  prometheus = new Prometheus(
    {
      dir: join(pipeline.dir, "prom"),
      port: promPort,
      jobs,
      alertmanager: at(amPort),
      intervalS: 2,
      logFile: join(pipeline.dir, "prom.log"),
    },
    promProgram,
  );
  await Promise.all([alertmanager.start(), prometheus.start()]);
}, 120_000);

afterAll(async () => {
  await Promise.allSettled([prometheus?.process.kill(), alertmanager?.process.kill()]);
  await Promise.allSettled(others.map((worker) => worker.kill("SIGKILL")));
  await pipeline?.stop();
});

const startConsumer = () => pipeline.startConsumer({ HEALTH_PORT: String(ports.consumer) });

type Answer = { status: string; error?: string; data: { result: { value: [number, string] }[] } };

/** The values of an instant query that are numbers. @throws when Prometheus cannot parse it. */
async function query(expr: string): Promise<number[]> {
  const body = new URLSearchParams({ query: expr });
  const answer = (await (await fetch(`${prometheus.url}/api/v1/query`, { method: "POST", body })).json()) as Answer;
  if (answer.status !== "success") throw new Error(`${expr}: ${answer.error}`);
  return answer.data.result.map(({ value }) => Number(value[1])).filter((value) => !Number.isNaN(value));
}

const fill = (expr: string) => expr.replaceAll("$__rate_interval", "1m").replaceAll("$namespace", ".*");

test("every target answers", async () => {
  await waitFor(async () => (await query("up == 1")).length === 6, { timeoutMs: 60_000, describe: "6 targets" });
});

test("every query of every panel is valid and returns data", async () => {
  const all = Object.values(dashboards).flatMap((spec) =>
    panelsOf(spec).flatMap((panel) =>
      "prom" in panel
        ? panel.prom.map(({ expr }) => ({ panel: `${spec.title}, ${panel.title}`, expr: fill(expr) }))
        : [],
    ),
  );
  expect(all.length).toBeGreaterThan(60);
  let empty = all;
  await waitFor(
    async () => {
      const answers = await Promise.all(empty.map(async (one) => ({ one, values: await query(one.expr) })));
      empty = answers.flatMap(({ one, values }) => (values.length === 0 ? [one] : []));
      return empty.length === 0;
    },
    {
      timeoutMs: 150_000,
      intervalMs: 1_000,
      describe: () => `data of ${empty.map(({ panel, expr }) => `\n  ${panel}: ${expr}`).join("")}`,
    },
  );
}, 170_000);

test("every SELECT of every panel runs on the migrated schema and returns rows", async () => {
  const all = Object.values(dashboards).flatMap((spec) =>
    panelsOf(spec).flatMap((panel) => ("sql" in panel ? [{ title: panel.title, sql: panel.sql }] : [])),
  );
  expect(all.length).toBeGreaterThan(10);
  for (const { title, sql } of all) {
    const bounded = sql.replaceAll(
      /\$__timeFilter\((\w+)\)/g,
      "$1 >= toDateTime(toUnixTimestamp(now()) - 86400) AND $1 <= toDateTime(toUnixTimestamp(now()) + 7200)",
    );
    expect(bounded).not.toContain("$__");
    const some = async () => (await pipeline.clickhouse.query(bounded)).length > 0;
    await waitFor(some, { timeoutMs: 60_000, intervalMs: 500, describe: `rows of "${title}"` });
  }
}, 170_000);

test("every rule evaluates, and nothing fires while all is well", async () => {
  type Rules = {
    data: { groups: { rules: { name: string; health: string; state?: string; lastError?: string }[] }[] };
  };
  const rules = async () => {
    const answer = (await (await fetch(`${prometheus.url}/api/v1/rules`)).json()) as Rules;
    return answer.data.groups.flatMap((group) => group.rules);
  };
  await waitFor(async () => (await rules()).every((rule) => rule.health === "ok"), { timeoutMs: 30_000 });
  // Until the first scrapes there is no consumer and no verification: such alerts must have gone by now.
  const loud = async () => (await rules()).filter((rule) => (rule.state ?? "inactive") !== "inactive");
  await waitFor(async () => (await loud()).length === 0, {
    timeoutMs: 60_000,
    describe: "alerts to be inactive",
  });
}, 100_000);

test("the proof holds while traffic runs", async () => {
  const runs = () =>
    pipeline.clickhouse.query<{ verdict: string }>(
      "SELECT DISTINCT verdict FROM verification_runs WHERE kind = 'verify'",
    );
  const exact = async () => (await runs()).some(({ verdict }) => verdict === "exact");
  await waitFor(exact, { timeoutMs: 60_000, describe: "an exact run" });
  expect((await runs()).map(({ verdict }) => verdict)).not.toContain("different");
}, 70_000);

test("a stopped consumer is notified within 60 s, and its return as well", async () => {
  const received = (status: string) =>
    pipeline.clickhouse.query<{ summary: string; severity: string }>(
      "SELECT annotations['summary'] AS summary, severity FROM received_alerts WHERE alert_name = 'ConsumerDown' AND status = {status:String}",
      { params: { status } },
    );
  expect(await received("firing")).toEqual([]);
  const stoppedMs = Date.now();
  expect(await consumer.kill("SIGTERM")).toBe(0);
  await waitFor(async () => (await received("firing")).length > 0, { timeoutMs: 60_000, describe: "a notification" });
  const firingS = (Date.now() - stoppedMs) / 1000;
  expect((await received("firing"))[0]).toEqual({ summary: "No consumer runs", severity: "critical" });

  consumer = startConsumer();
  const startedMs = Date.now();
  await waitFor(async () => (await received("resolved")).length > 0, { timeoutMs: 90_000, describe: "the all-clear" });
  console.log(
    `ConsumerDown received ${firingS.toFixed(1)} s after the stop, resolved ${((Date.now() - startedMs) / 1000).toFixed(1)} s after the restart`,
  );
  expect(firingS).toBeLessThan(60);
}, 180_000);
