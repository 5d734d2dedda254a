import { join } from "node:path";
import { dieWithParent } from "../../testkit/process/die-with-parent.ts";
import { startWorker } from "../../testkit/worker.ts";
import type { Peer, Task } from "./peer.ts";

const ROOT = join(import.meta.dir, "../../..");

/** The compiled consumer, all guarantees on; `env` differs from the defaults. */
export function countinghouseWith(
  env: Readonly<Record<string, string>>,
  { name, title } = { name: "countinghouse", title: "countinghouse" },
): Peer {
  return {
    name,
    title,
    async start(task) {
      const worker = startWorker({ binary: "consumer", env: { ...consumerEnv(task), ...env } });
      return {
        pid: worker.pid,
        stop: async () => {
          await worker.kill("SIGKILL");
        },
      };
    },
  };
}

/** As it is deployed. */
export const countinghouse = countinghouseWith({});

/** With half of the memory, and so with smaller inserts, which cost the store more. */
export const countinghouseSmall = countinghouseWith(
  { MEMORY_MB: "224" },
  { name: "countinghouse_small", title: "countinghouse, given 224 MiB" },
);

/** The same from its source under Bun's sampling profiler, which writes a V8 CPU profile when it ends. */
export function profiledCountinghouse(profileDir: string, profileName: string): Peer {
  return {
    name: "countinghouse_profiled",
    title: "countinghouse, profiled",
    async start(task) {
      const { PATH = "", HOME = "" } = process.env;
      const profile = ["--cpu-prof", `--cpu-prof-dir=${profileDir}`, `--cpu-prof-name=${profileName}`];
      const child = Bun.spawn(dieWithParent([process.execPath, ...profile, join(ROOT, "workers/consumer/main.ts")]), {
        env: { PATH, HOME, TZ: "UTC", ...consumerEnv(task) },
        stdio: ["ignore", "ignore", "ignore"],
      });
      return {
        pid: child.pid,
        stop: async () => {
          child.kill("SIGTERM");
          await child.exited;
        },
      };
    },
  };
}

function consumerEnv({ store, topic }: Task): Record<string, string> {
  return {
    ...store.env,
    KAFKA_EVENTS_TOPIC: topic.topic,
    KAFKA_DLQ_TOPIC: `${topic.topic}.dlq`,
    KAFKA_LEDGER_TOPIC: `${topic.topic}.ledger`,
    KAFKA_GROUP_ID: `bench-${crypto.randomUUID()}`,
    KAFKA_LEDGER_GROUP_ID: `bench-ledger-${crypto.randomUUID()}`,
  };
}
