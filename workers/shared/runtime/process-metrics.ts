import { collectDefaultMetrics, Gauge, type Registry } from "prom-client";
import { buildInfo } from "./build-info.ts";

/**
 * What every worker exports besides its own metrics: build information, and the process's (start time, CPU, memory, event
 * loop) under the names that Prometheus' own libraries use, without a prefix. `onCollect` runs at each scrape before any
 * metric that is registered later is read.
 */
export function addProcessMetrics(registry: Registry, worker: string, onCollect: () => void = () => undefined): void {
  new Gauge({
    name: `countinghouse_${worker}_build_info`,
    help: "1, with version and commit as labels; a change is a deployment",
    labelNames: ["version", "commit"],
    registers: [registry],
    collect() {
      this.set(buildInfo, 1);
      onCollect();
    },
  });
  collectDefaultMetrics({ register: registry });
}
