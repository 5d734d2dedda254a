import { join } from "node:path";
import { type HotSpot, hotSpots } from "./cpu-profile.ts";
import { measureDrain } from "./drain.ts";
import { profiledCountinghouse } from "./peers/countinghouse.ts";
import type { Stage } from "./stage.ts";
import { ThreadCpu } from "./thread-cpu.ts";
import type { FilledTopic } from "./topic-filler.ts";

/** Where the time of one drain went. */
export type Profile = {
  /** Functions of the consumer by their own time; the whole profile is `file`. */
  consumer: HotSpot[];
  /** Threads of both processes, CPU-µs per event until the views had settled. */
  consumerThreads: ThreadCost[];
  engineThreads: ThreadCost[];
  /** In bench/results. */
  file: string;
};

/** CPU time of the threads of one name. */
export type ThreadCost = { name: string; cpuUsPerEvent: number };

const FILE = "consumer.cpuprofile";
const HOT_SPOTS = 15;
/** Threads below this are left out, CPU-µs per event. */
const WORTH_NAMING = 0.05;

/** Drains a topic once more with the consumer under a profiler, apart from the measured runs, which it would slow. */
export async function profileDrain(stage: Stage, topic: FilledTopic, resultsDir: string): Promise<Profile> {
  let engine: ThreadCpu | undefined;
  let worker: ThreadCpu | undefined;
  const shares = (threads: ThreadCpu | undefined): ThreadCost[] =>
    (threads?.stop() ?? [])
      .map(({ name, seconds }) => ({ name, cpuUsPerEvent: (seconds / topic.messages) * 1e6 }))
      .filter(({ cpuUsPerEvent }) => cpuUsPerEvent >= WORTH_NAMING);
  let threads: Pick<Profile, "consumerThreads" | "engineThreads"> = { consumerThreads: [], engineThreads: [] };
  await measureDrain(stage, profiledCountinghouse(resultsDir, FILE), topic, {
    onStart: (enginePid, workerPid) => {
      engine = new ThreadCpu(enginePid);
      if (workerPid !== undefined) worker = new ThreadCpu(workerPid);
    },
    onSettled: () => {
      threads = { consumerThreads: shares(worker), engineThreads: shares(engine) };
    },
  });
  const consumer = hotSpots(await Bun.file(join(resultsDir, FILE)).json(), HOT_SPOTS);
  return { consumer, ...threads, file: FILE };
}
