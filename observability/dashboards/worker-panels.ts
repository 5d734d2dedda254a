import { NAMESPACE as NS, type PanelSpec, rate } from "./panels.ts";

const JOBS = 'job=~"producer|ingest|consumer|verify|verify-watch|console"';

/** What each process uses, and which version it is. */
export const workerPanels: PanelSpec[] = [
  {
    title: "Workers up",
    description: "Processes of each worker that answer scrapes.",
    unit: "short",
    width: 6,
    prom: [{ expr: `sum by (job) (up{${NS},${JOBS}})`, legend: "{{job}}" }],
  },
  {
    title: "CPU",
    description: "CPU time of each worker. 1 is one core.",
    unit: "short",
    width: 6,
    prom: [{ expr: `sum by (job) (${rate(`process_cpu_seconds_total{${NS},${JOBS}}`)})`, legend: "{{job}}" }],
  },
  {
    title: "Memory",
    description: "Resident memory of each process. A ramp without a plateau is a leak.",
    unit: "bytes",
    width: 6,
    prom: [
      { expr: `max by (job, instance) (process_resident_memory_bytes{${NS},${JOBS}})`, legend: "{{job}} {{instance}}" },
    ],
  },
  {
    title: "Versions",
    description: "Version and commit of each running worker. Two at once: a deployment is under way, or half done.",
    unit: "none",
    kind: "table",
    width: 6,
    prom: [{ expr: `count by (job, version, commit) ({__name__=~"countinghouse_.*_build_info",${NS}})` }],
  },
];
