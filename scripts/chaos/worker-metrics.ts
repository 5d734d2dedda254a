import type { RunningWorker } from "../../workers/shared/testing/worker.ts";

/** Sum of all series of a running worker's metric. @throws {Error} when it does not answer. */
export async function metricSum(worker: RunningWorker, name: string): Promise<number> {
  const port = worker.logs.find(({ json }) => typeof json.health_port === "number")?.json.health_port;
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
