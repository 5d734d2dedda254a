/**
 * `make demo`: the whole pipeline from nothing to a verdict. Real Kafka, the real ClickHouse engine and the compiled
 * workers on free ports and temporary data; late events, duplicates, malformed messages, and a consumer that is killed
 * with SIGKILL in the middle of its work. Exit code 0 only if every count is exact.
 */

import { EmbeddedPipeline } from "../../testkit/embedded-pipeline.ts";
import type { RunningWorker } from "../../testkit/worker.ts";
import { type DemoConfig, readDemoConfig } from "./config.ts";
import { showProgress } from "./progress.ts";

/** Events are held back for 60 s at most; the verdicts take about as long together as this, seconds. */
const WAIT_HELD_S = 60;
const PROOF_S = 30;

const say = (text: string) => console.log(`\n== ${text}`);

async function runDemo(pipeline: EmbeddedPipeline, config: DemoConfig): Promise<number> {
  const { DEMO_SECONDS: seconds, DEMO_RATE: rate } = config;
  say("Two consumers and one producer");
  console.log(
    `${rate} events/s for ${seconds} s from four sources; 10 % are held back for 30–60 s, 5 % are sent twice, 1 % are malformed`,
  );
  const consumers = [pipeline.startConsumer(), pipeline.startConsumer()];
  const producer = pipeline.startProducer(
    ["simulate", "--rate", String(rate), "--seconds", String(seconds), "--seed", String(config.DEMO_SEED)].concat([
      "--late-share",
      "0.1",
      "--duplicate-share",
      "0.05",
      "--malformed-share",
      "0.01",
    ]),
  );
  console.log(
    `This takes about ${Math.ceil((seconds + WAIT_HELD_S + PROOF_S) / 30) / 2} minutes: ${seconds} s of events, up to ` +
      `${WAIT_HELD_S} s until the last held-back ones are sent, then the proof`,
  );
  const progress = showProgress(pipeline, producer, 5_000);

  await Bun.sleep((seconds * 1000) / 2);
  await killAndRestart(pipeline, consumers[0]);

  const code = await producer.exited;
  await progress.stop();
  if (code !== 0) return fail(`the producer ended with ${code}`, producer);

  say("The proof: ledger ⇄ events ⇄ minutes ⇄ hours, counts and checksums");
  const verify = await pipeline.ops(["verify", "--all", "--wait", "120s"]);
  console.log(verify.stdout);
  if (verify.code !== 0) console.error(verify.stderr);

  say("The audit: every message of the topic, read again and parsed apart from the consumer");
  const audit = await pipeline.ops(["verify", "--audit", "--wait", "120s"]);
  console.log(audit.stdout);
  if (audit.code !== 0) console.error(audit.stderr);

  const exact = verify.code === 0 && audit.code === 0;
  say(exact ? "EXACT: what was produced is what is stored and shown" : "NOT EXACT: see the differences above");
  return exact ? 0 : 1;
}

async function killAndRestart(pipeline: EmbeddedPipeline, victim: RunningWorker | undefined): Promise<void> {
  await victim?.kill("SIGKILL");
  console.log(
    `            a consumer (pid ${victim?.pid}) was killed with SIGKILL; what it was reading stands still until Kafka`,
  );
  console.log(`            gives it to the others, after a session timeout of 15 s`);
  await Bun.sleep(2_000);
  const again = pipeline.startConsumer();
  console.log(`            and started again (pid ${again.pid})`);
}

function fail(reason: string, worker: RunningWorker): number {
  console.error(`\n${reason}; its last lines:`);
  for (const line of worker.logs.slice(-20)) console.error(`  ${line.text}`);
  return 1;
}

const config = readDemoConfig(process.env);
say("Starting Kafka, ClickHouse and the schema");
let pipeline: EmbeddedPipeline | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    console.log("\ninterrupted: cleaning up");
    void (pipeline?.stop() ?? Promise.resolve()).finally(() => process.exit(130));
  });
}
try {
  pipeline = await EmbeddedPipeline.start();
  process.exitCode = await runDemo(pipeline, config);
} finally {
  await pipeline?.stop();
}
