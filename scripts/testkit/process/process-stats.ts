import { readFileSync } from "node:fs";

/** Linux reports CPU time in ticks of 1/100 s on every architecture it runs on here. */
const TICKS_PER_SECOND = 100;

/** User and system CPU time a process has used so far, seconds. Linux only. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in parentheses and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory of a process now and at its peak, bytes. Linux only. */
export function memoryBytes(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

/** The p-quantile (0…1) of a sample by the nearest-rank method. */
export function quantile(sample: readonly number[], p: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

/** The machine in one line, for the head of every report. */
export function describeMachine(): string {
  const cpu = /^model name\s*:\s*(.+)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown CPU";
  const memory = /^MemTotal:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1] ?? "0";
  const cores = navigator.hardwareConcurrency;
  return `${cores} cores (${cpu}), ${Math.round(Number(memory) / 1024 / 1024)} GiB, ${process.platform} ${process.arch}`;
}
