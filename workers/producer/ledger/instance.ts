import { hostname } from "node:os";

/** Names one run of a producer: host, start time and a random part; unique also when a host restarts within a second. */
export function newInstanceId(startedAtMs: number): string {
  const start = new Date(startedAtMs).toISOString().replace(/[-:]/g, "").slice(0, 15);
  return `${hostname()}-${start}-${crypto.randomUUID().slice(0, 8)}`;
}
