import type { EmbeddedPipeline } from "../../testkit/embedded-pipeline.ts";
import type { RunningWorker } from "../../testkit/worker.ts";

/** What the demo shows while it runs. */
type Snapshot = { stored: string; in_minutes: string; dead: string; latest: string };

const SNAPSHOT_SQL = `
SELECT
  (SELECT toString(count()) FROM events) AS stored,
  (SELECT toString(sum(events)) FROM events_per_minute) AS in_minutes,
  (SELECT toString(count()) FROM dead_letters) AS dead,
  (SELECT toString(max(event_time)) FROM events) AS latest`;

const count = (text: string) => Number(text).toLocaleString("en-US").padStart(11);

/** What the producer said last of messages that Kafka has acknowledged. */
function acknowledgedBy(producer: RunningWorker): string {
  const last = producer.logs.findLast(({ json }) => json.msg === "progress" || json.msg === "summary");
  return String(last?.json.acknowledged ?? 0);
}

/** Prints one line of live figures every `everyMs` until stopped. */
export function showProgress(
  pipeline: EmbeddedPipeline,
  producer: RunningWorker,
  everyMs: number,
): { stop: () => Promise<void> } {
  const started = performance.now();
  let running = true;
  console.log(
    "acknowledged: messages, by the producer every 5 s (with copies and broken ones); stored: distinct events",
  );
  console.log("  seconds  acknowledged       stored  minute view  dead letters");
  const loop = (async () => {
    while (running) {
      const snapshot = await pipeline.one<Snapshot>(SNAPSHOT_SQL).catch(() => undefined);
      if (snapshot && running) {
        const seconds = ((performance.now() - started) / 1000).toFixed(0).padStart(9);
        const { stored, in_minutes, dead } = snapshot;
        const acknowledged = acknowledgedBy(producer);
        console.log(`${seconds}   ${count(acknowledged)}  ${count(stored)}  ${count(in_minutes)}   ${count(dead)}`);
      }
      await Bun.sleep(everyMs);
    }
  })();
  return {
    stop: async () => {
      running = false;
      await loop;
    },
  };
}
