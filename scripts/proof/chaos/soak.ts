/**
 * `make soak MINUTES=10`: faults of all kinds at random, up to three at once, on one pipeline whose data grows. Every few
 * rounds the load ends and the oracle judges everything since the start. The choices are repeatable by SEED, their timing is
 * not. Exit code 0 only when every judgement was exact.
 */
import { z } from "zod";
import { envInt, loadConfig } from "../../../workers/shared/runtime/config.ts";
import { type ChaosRun, createContext } from "./context.ts";
import { judge } from "./oracle.ts";
import { type Crew, compose } from "./random-faults.ts";
import { printed, type Result } from "./report.ts";

const config = loadConfig(
  z.object({ MINUTES: envInt(1, 10_000).prefault("10"), SEED: z.string().default("") }),
  process.env,
);
/** Rounds of faults between two judgements. */
const ROUNDS = 4;
/** After this the ledgers of killed producers count as dead, ms. */
const DEAD_AFTER_MS = 17_000;

async function cycle(context: ChaosRun, number: number): Promise<Result> {
  const crew: Crew = { consumers: [], loads: [] };
  context.faults.clear();
  for (let i = 0; i < 2; i++) crew.consumers.push(context.startConsumer());
  crew.loads.push(context.startLoad());
  for (let round = 0; round < ROUNDS; round++) {
    await context.untilMoreStored(1_000);
    await Promise.all(compose(context.random).map((fault) => fault.run(context, crew)));
  }
  await context.recovered();
  const problems = await context.settle();
  await context.recovered();
  await context.sleep(DEAD_AFTER_MS);
  const judgement = await judge(context.pipeline, context.sent, "exact");
  problems.push(...judgement.problems);
  for (const worker of crew.consumers) await context.kill(worker, "SIGTERM");
  const { events, lost, doubled, deadLetters } = judgement;
  const ok = problems.length === 0 && lost === 0 && doubled === 0;
  for (const problem of problems) console.log(`    ! ${problem}`);
  if (!ok) await Bun.write(`/tmp/countinghouse-soak-${process.pid}.log`, `${judgement.evidence}\n\n${context.logs()}`);
  const recovery_s = Math.round((context.recoveryS ?? 0) * 10) / 10;
  const counts = { events, lost, doubled, dead_letters: deadLetters, recovery_s };
  return { name: `soak ${number}`, faults: context.faults.toString(), ...counts, ok };
}

async function main(): Promise<number> {
  const seed = config.SEED || String(Math.floor(Math.random() * 1_000_000));
  console.log(`soak for ${config.MINUTES} minutes, seed ${seed}`);
  const context = await createContext({ name: "soak" }, seed);
  const until = performance.now() + config.MINUTES * 60_000;
  const results: Result[] = [];
  try {
    do {
      console.log(`\n=== soak ${results.length + 1}`);
      const result = await cycle(context, results.length + 1);
      results.push(result);
      console.log(`--- ${result.ok ? "ok" : "FAILED"}: ${result.events} events so far, ${result.lost} lost`);
    } while (performance.now() < until && results.at(-1)?.ok);
  } finally {
    await context.stop();
  }
  const failed = results.filter(({ ok }) => !ok).length;
  console.log(`\n${printed(results)}\n\nseed ${seed}\n${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
process.exit();
