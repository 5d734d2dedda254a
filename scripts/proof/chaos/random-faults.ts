/** Faults that may happen together, for the soak. */
import type { RunningWorker } from "../../testkit/worker.ts";
import { recentEvents, shuffled } from "./events.ts";
import type { FaultLink } from "./fault-link.ts";
import type { ChaosContext } from "./scenario.ts";

/** What runs during a soak; faults replace what they kill. */
export type Crew = { consumers: RunningWorker[]; loads: RunningWorker[] };

/** One fault, from its beginning to its end. Faults of different targets may overlap. */
export type RandomFault = {
  readonly target: "consumer" | "producer" | "broker" | "engine" | "kafka link" | "store link" | "input";
  run(context: ChaosContext, crew: Crew): Promise<void>;
};

const pause = (context: ChaosContext, fromS: number, toS: number) =>
  context.sleep(context.random.between(fromS, toS) * 1_000);

/** Takes a random worker out of the list. */
function take(context: ChaosContext, workers: RunningWorker[]): RunningWorker {
  const worker = context.random.pick(workers);
  workers.splice(workers.indexOf(worker), 1);
  return worker;
}

const replaceConsumer = (signal: "SIGKILL" | "SIGTERM"): RandomFault => ({
  target: "consumer",
  run: async (context, { consumers }) => {
    await context.kill(take(context, consumers), signal);
    consumers.push(context.startConsumer());
  },
});

const consumerFaults: RandomFault[] = [
  replaceConsumer("SIGKILL"),
  replaceConsumer("SIGTERM"),
  {
    target: "consumer",
    run: async (context, { consumers }) => {
      const worker = context.random.pick(consumers);
      await context.kill(worker, "SIGSTOP");
      await pause(context, 1, 12);
      await context.kill(worker, "SIGCONT");
    },
  },
  {
    target: "consumer",
    run: async (context, { consumers }) => {
      if (consumers.length < 3) consumers.push(context.startConsumer());
      else await context.kill(take(context, consumers), "SIGTERM");
      context.fault("scaled the consumers");
    },
  },
];

const processFaults: RandomFault[] = [
  {
    target: "producer",
    run: async (context, { loads }) => {
      await context.kill(take(context, loads), "SIGKILL");
      loads.push(context.startLoad());
    },
  },
  {
    target: "broker",
    run: async (context) => {
      await context.pipeline.broker.kill();
      context.fault("SIGKILL broker");
      await pause(context, 0, 5);
      await context.pipeline.broker.start();
    },
  },
  {
    target: "engine",
    run: async (context) => {
      await context.pipeline.engine.kill();
      context.fault("SIGKILL engine");
      await pause(context, 0, 10);
      await context.pipeline.engine.start();
    },
  },
  {
    target: "input",
    run: async (context) => {
      const events = recentEvents(context.random, 300);
      await context.produce(shuffled(context.random, [...events, ...events, ...events]));
      context.fault("every event of a list three times");
    },
  },
];

function linkFaults(target: "kafka link" | "store link", linkOf: (context: ChaosContext) => FaultLink): RandomFault[] {
  const during = (what: string, begin: (link: FaultLink) => void): RandomFault => ({
    target,
    run: async (context) => {
      begin(linkOf(context));
      context.fault(`${target} ${what}`);
      await pause(context, 1, 10);
      linkOf(context).heal();
    },
  });
  return [
    during("cut", (link) => link.cut()),
    during("refused", (link) => link.refuse(true)),
    during("loses requests", (link) => link.lose("request", true)),
    during("loses answers", (link) => link.lose("response", true)),
    during("slow", (link) => link.latency(300)),
  ];
}

const ALL: readonly RandomFault[] = [
  ...consumerFaults,
  ...processFaults,
  ...linkFaults("kafka link", (context) => context.kafkaLink),
  ...linkFaults("store link", (context) => context.storeLink),
];

/** One to three faults of different targets. */
export function compose(random: ChaosContext["random"]): RandomFault[] {
  const chosen: RandomFault[] = [];
  for (const fault of shuffled(random, ALL)) {
    if (chosen.length >= 3 || (chosen.length > 0 && random.chance(0.3))) break;
    if (chosen.every(({ target }) => target !== fault.target)) chosen.push(fault);
  }
  return chosen;
}
