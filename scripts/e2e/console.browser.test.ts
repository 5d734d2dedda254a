import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ConsolePage, openConsole } from "../../workers/console/testing/page.ts";
import { EmbeddedPipeline } from "../testkit/embedded-pipeline.ts";
import { type RunningWorker, startWorker, waitFor } from "../testkit/index.ts";

/** The console over a running pipeline of compiled binaries. */

let pipeline: EmbeddedPipeline;
let consoleWorker: RunningWorker | undefined;
let view: ConsolePage | undefined;

beforeAll(async () => {
  pipeline = await EmbeddedPipeline.start();
}, 120_000);
afterAll(async () => {
  await view?.close();
  await consoleWorker?.kill("SIGKILL");
  await pipeline?.stop();
});

test("live figures are right, the page turns red without a consumer and green again with one", async () => {
  let consumer = pipeline.startConsumer();
  const producer = pipeline.startProducer(["simulate", "--rate", "40", "--late-share", "0", "--malformed-share", "0"]);
  consoleWorker = startWorker({
    binary: "console",
    env: { ...pipeline.env, HTTP_PORT: "0", FRESHNESS_WARN_SECONDS: "6", FRESHNESS_BAD_SECONDS: "20" },
  });
  const { json } = await consoleWorker.waitForLog((line) => line.json.msg === "console ready");
  view = await openConsole(`http://127.0.0.1:${json.http_port}`);
  await view.open("/?minutes=60");
  const level = (name: string) => view?.page.waitForSelector(`#status[data-level=${name}]`, { timeout: 60_000 });
  await level("ok");
  const first = await view.number("#stored");
  await waitFor(async () => ((await view?.number("#stored")) ?? 0) > first, { describe: "the figures to grow" });

  await consumer.kill("SIGKILL");
  await level("bad");
  expect(await view.text("#status")).toContain("the consumers do not work");
  consumer = pipeline.startConsumer();
  await level("ok");

  expect(await producer.kill()).toBe(0);
  const produced = async () =>
    Number((await pipeline.one<{ n: string }>("SELECT sum(events) AS n FROM producer_ledger")).n);
  const verified = await pipeline.ops(["verify"]);
  expect([verified.code, verified.stdout.includes("EXACT")]).toEqual([0, true]);
  const total = await produced();
  for (const figure of ["#acknowledged", "#stored", "#shown"]) {
    await view.page.waitForSelector(`${figure}:text-is("${total.toLocaleString("en-US")}")`);
  }
  expect(view.complaints).toEqual([]);
}, 240_000);
