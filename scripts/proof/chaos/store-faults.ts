/** What the scenarios of ClickHouse's faults have in common. */

import { waitFor } from "../../testkit/process/wait-for.ts";
import type { RunningWorker } from "../../testkit/worker.ts";
import { seeNoCommits } from "./committed.ts";
import type { ChaosContext } from "./scenario.ts";

/** Whether the path of a request to ClickHouse is an insert into any table. */
export const isInsert = (path: string) => /INSERT[+ ]INTO/.test(path);

/** A consumer that stores under load. */
export async function beginStoring(context: ChaosContext): Promise<RunningWorker> {
  const worker = await context.startJoined();
  context.startLoad();
  await context.untilMoreStored(500);
  return worker;
}

/** Waits until the consumer has logged one of these codes: the fault has reached it. */
export async function untilLogged(worker: RunningWorker, codes: readonly string[]): Promise<void> {
  const logged = () => worker.logs.some(({ json }) => typeof json.code === "string" && codes.includes(json.code));
  await waitFor(logged, { timeoutMs: 60_000, describe: `the consumer to log ${codes.join(" or ")}` });
}

export type Refusal = {
  /** For the report. */
  readonly fault: string;
  /** What the consumer must be told, as `CLICKHOUSE_252`; one of them. */
  readonly codes: readonly string[];
  begin(context: ChaosContext): Promise<unknown>;
  end(context: ChaosContext): Promise<unknown>;
};

/** ClickHouse takes no event for 10 s and more; nothing may be committed, and nobody blamed for it. Returns the consumer. */
export async function refuse(context: ChaosContext, refusal: Refusal): Promise<RunningWorker> {
  const worker = await beginStoring(context);
  await refusal.begin(context);
  try {
    context.fault(refusal.fault);
    await untilLogged(worker, refusal.codes);
    await seeNoCommits(context, 7_000);
  } finally {
    await refusal.end(context);
  }
  await context.recovered();
  await expectNobodyBlamed(context);
  return worker;
}

/** A scenario of one refusal. */
export const refusing = (refusal: Refusal) =>
  async function refusing(context: ChaosContext): Promise<void> {
    await refuse(context, refusal);
  };

/** @throws {Error} when an event was set aside because of what was wrong with the store. */
export async function expectNobodyBlamed(context: ChaosContext): Promise<void> {
  const blamed = "SELECT count() AS n FROM dead_letters WHERE error_class = 'rejected_by_store'";
  const { n } = await context.pipeline.one<{ n: string }>(blamed);
  if (n !== "0") throw new Error(`${n} events are dead letters because the store was not well`);
}
