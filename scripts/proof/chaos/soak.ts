/**
 * `make soak MINUTES=10`: faults of all kinds at random, up to three at once, on one pipeline whose data grows. Every few
 * rounds the load ends and the oracle judges everything since the start. The choices are repeatable by SEED, their timing is
 * not. Exit code 0 only when every judgement was exact.
 */
import { z } from "zod";
import { envInt, loadConfig } from "../../../workers/shared/runtime/config.ts";
import { closingLine, printTable, type Result } from "../report.ts";
import { type ChaosRun, createContext } from "./context.ts";
import { judge } from "./oracle.ts";
import { type Crew, compose } from "./random-faults.ts";
import { type ChaosData, COLUMNS } from "./report.ts";

const config = loadConfig(
  z.object({ MINUTES: envInt(1, 10_000).prefault("10"), SEED: z.string().default("") }),
  process.env,
);
/** Rounds of faults between two judgements. */
const ROUNDS = 4;
/** After this the ledgers of killed producers count as dead, ms. */
const DEAD_AFTER_MS = 17_000;

async function cycle(context: ChaosRun, number: number): Promise<Result<ChaosData>> {
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
  if (lost > 0 || doubled > 0) problems.push(`${lost} events lost, ${doubled} counted twice`);
  for (const problem of problems) console.log(`    ! ${problem}`);
  if (problems.length > 0) {
    await Bun.write(`/tmp/countinghouse-soak-${process.pid}.log`, `${judgement.evidence}\n\n${context.logs()}`);
  }
  const faults = context.faults.toString();
  const recovery_s = Math.round((context.recoveryS ?? 0) * 10) / 10;
  const data = { faults, events, lost, doubled, dead_letters: deadLetters, recovery_s };
  return { name: `soak ${number}`, what: faults, data, problems };
}

async function main(): Promise<number> {
  const seed = config.SEED || String(Math.floor(Math.random() * 1_000_000));
  console.log(`soak for ${config.MINUTES} minutes, seed ${seed}`);
  const context = await createContext({ name: "soak" }, seed);
  const until = performance.now() + config.MINUTES * 60_000;
  const results: Result<ChaosData>[] = [];
  try {
    do {
      console.log(`\n=== soak ${results.length + 1}`);
      const result = await cycle(context, results.length + 1);
      results.push(result);
      const { events, lost } = result.data;
      console.log(`--- ${result.problems.length === 0 ? "ok" : "FAILED"}: ${events} events so far, ${lost} lost`);
    } while (performance.now() < until && results.at(-1)?.problems.length === 0);
  } finally {
    await context.stop();
  }
  console.log(`\n${printTable(COLUMNS, results)}\n\nseed ${seed}\n${closingLine({ results, skipped: [] })}`);
  return results.every(({ problems }) => problems.length === 0) ? 0 : 1;
}

process.exitCode = await main();
process.exit();
