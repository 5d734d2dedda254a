import { monitorEventLoopDelay } from "node:perf_hooks";
import { Gauge, type Registry } from "prom-client";
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
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  // Not the client's default set: part of it asks the runtime for heap statistics, which walks the whole heap; on a busy
  // worker that stopped everything for a third of a second per scrape.
  const startedS = Date.now() / 1000 - process.uptime();
  gauge("process_start_time_seconds", "Start of the process, Unix seconds", () => startedS);
  gauge("process_resident_memory_bytes", "Resident memory, bytes", () => process.memoryUsage.rss());
  gauge("process_cpu_seconds_total", "User and system CPU time, seconds", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  gauge("nodejs_eventloop_lag_p99_seconds", "How late timers run, 99 % since the last scrape, seconds", () => {
    const lagS = delay.percentile(99) / 1e9;
    delay.reset();
    return Number.isFinite(lagS) ? lagS : 0;
  });
}
