import { startWorker } from "../../../workers/shared/testing/worker.ts";
import type { Peer } from "./peer.ts";

/** The compiled consumer as it is deployed, all guarantees on. */
export const countinghouse: Peer = {
  name: "countinghouse",
  title: "countinghouse",
  async start({ store, topic }) {
    const worker = startWorker({
      binary: "consumer",
      env: {
        ...store.env,
        KAFKA_EVENTS_TOPIC: topic.topic,
        KAFKA_DLQ_TOPIC: `${topic.topic}.dlq`,
        KAFKA_LEDGER_TOPIC: `${topic.topic}.ledger`,
        KAFKA_GROUP_ID: `bench-${crypto.randomUUID()}`,
        KAFKA_LEDGER_GROUP_ID: `bench-ledger-${crypto.randomUUID()}`,
      },
    });
    return {
      pid: worker.pid,
      stop: async () => {
        await worker.kill("SIGKILL");
      },
    };
  },
};
