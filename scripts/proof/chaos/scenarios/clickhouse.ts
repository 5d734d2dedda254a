/** ClickHouse dies, hangs, does not say what became of an insert, or lets nobody in. */
import { Engine } from "../../../testkit/engine/engine.ts";
import { seeNoCommits } from "../committed.ts";
import type { ChaosContext, Scenario } from "../scenario.ts";
import { beginStoring, expectNobodyBlamed, isInsert, refusing } from "../store-faults.ts";

async function killed(context: ChaosContext): Promise<void> {
  const { engine } = context.pipeline;
  await beginStoring(context);
  for (let round = 0; round < 3; round++) {
    await context.untilMoreStored(500);
    await context.sleep(context.random.between(0, 1_500));
    await engine.kill();
    context.fault("SIGKILL engine");
    await context.sleep(context.random.between(500, 4_000));
    await engine.start();
    await context.recovered();
  }
}

async function hung(context: ChaosContext): Promise<void> {
  const { pid } = context.pipeline.engine;
  if (pid === undefined) throw new Error("the engine does not run");
  await beginStoring(context);
  process.kill(pid, "SIGSTOP");
  try {
    context.fault("SIGSTOP engine for 25 s");
    await seeNoCommits(context, 22_000);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await context.recovered();
}

/** Seconds under unknown outcomes, and how many there must have been for the scenario to mean something. */
const UNKNOWN = { seconds: 20, atLeast: 15 } as const;

/** The outcomes are drawn at random, so that rows of several tables and retries of retries are hit. */
async function unknownStatus(context: ChaosContext): Promise<void> {
  const { random } = context;
  await beginStoring(context);
  let unknown = 0;
  context.store.inject(({ path }) => {
    if (!isInsert(path)) return "pass";
    const draw = random.below(100);
    if (draw >= 70) return "pass";
    unknown += 1;
    context.fault(draw < 50 ? "answer to a done insert lost" : "error 319 injected");
    return draw < 50 ? "answer_lost" : UNKNOWN_STATUS;
  });
  await context.sleep(UNKNOWN.seconds * 1_000);
  context.store.inject(() => "pass");
  if (unknown < UNKNOWN.atLeast) throw new Error(`only ${unknown} inserts had an unknown outcome`);
  await context.recovered();
  await expectNobodyBlamed(context);
}

const UNKNOWN_STATUS = {
  answer: {
    status: 500,
    headers: { "x-clickhouse-exception-code": "319" },
    body: "Code: 319. DB::Exception: injected: unknown status of insert. (UNKNOWN_STATUS_OF_INSERT)\n",
  },
} as const;

/** Another front on the same data knows another password: whoever has the old one is refused, as after a revocation. */
function lockedOut(): Parameters<typeof refusing>[0] {
  let other: Engine | undefined;
  return {
    fault: "password changed on the server",
    codes: ["CLICKHOUSE_516"],
    begin: async ({ pipeline: { engine } }) => {
      await engine.stop();
      other = new Engine({ ...engine.options, password: crypto.randomUUID() });
      await other.start();
    },
    end: async ({ pipeline: { engine } }) => {
      await other?.stop();
      await engine.start();
    },
  };
}

export const clickhouse: readonly Scenario[] = [
  {
    name: "clickhouse: killed",
    faults: "SIGKILL of the engine under load and a restart on its data, three times",
    run: killed,
  },
  { name: "clickhouse: hung", faults: "SIGSTOP of the engine for 25 s, beyond every timeout, then SIGCONT", run: hung },
  {
    name: "clickhouse: unknown insert status",
    faults:
      "for 20 s half of all inserts succeed and lose their answer, and a fifth are answered with error 319 (injected)",
    run: unknownStatus,
  },
  {
    name: "clickhouse: user locked out",
    faults: "the server refuses the consumers' login (error 516) for 10 s and more, then lets them in again",
    run: refusing(lockedOut()),
  },
];
