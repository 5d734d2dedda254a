import { Counter, Gauge, Registry } from "prom-client";
import { VERIFICATION_VERDICTS, type VerificationRun } from "../../shared/clickhouse/tables/verification-runs.ts";
import { DEAD_LETTER_CLASSES } from "../../shared/event/index.ts";
import { addProcessMetrics } from "../../shared/runtime/process-metrics.ts";
import type { RunFacts } from "./summary.ts";

export type WatchMetrics = ReturnType<typeof createWatchMetrics>;

const KINDS = ["verify", "audit"] as const;

/** Metrics of `ops verify --watch`, on a registry of their own. */
export function createWatchMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `countinghouse_verification_${name}`, help, labelNames, registers });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `countinghouse_verification_${name}`, help, labelNames, registers });
  addProcessMetrics(registry, "verification");
  const kind = ["kind"] as const;
  const metrics = {
    registry,
    verdict: gauge(
      "verdict",
      "1 for the verdict of the last run of a kind, 0 for the others; different must never be 1",
      ["kind", "verdict"],
    ),
    missing: gauge(
      "missing_events",
      "Events the last run found missing from the store or its views; anything but 0 is loss",
      kind,
    ),
    surplus: gauge("surplus_events", "Events the last run found too many; anything but 0 is over-counting", kind),
    conflicts: gauge(
      "conflicting_ids",
      "event_ids stored under several minutes, sources or types; each is counted more than once",
      kind,
    ),
    defects: gauge("audit_defects", "Defects the last audit found, by kind; the run's details name the events", [
      "defect",
    ]),
    checked: gauge("checked_events", "Stored events the last run compared; 0 proves nothing", kind),
    provenUntil: gauge(
      "proven_until_timestamp_seconds",
      "Unix time up to which a run last proved every event; standing still means that nothing new is proven",
      kind,
    ),
    hoursProvenUntil: gauge(
      "hours_proven_until_timestamp_seconds",
      "The same for the view of hours; the current hour is proven when it is over",
      kind,
    ),
    lastRun: gauge(
      "last_run_timestamp_seconds",
      "Unix time at which the last run of a kind ended; standing still means that nobody proves anything",
      kind,
    ),
    duration: gauge(
      "last_run_duration_seconds",
      "How long the last run took; rises with the time consumers and views need to catch up",
      kind,
    ),
    runs: counter("runs_total", "Runs that came to a verdict", ["kind", "verdict"]),
    failures: counter(
      "failed_runs_total",
      "Runs that came to none, by error code: Kafka or ClickHouse did not answer",
      ["kind", "code"],
    ),
    recordFailures: counter(
      "record_failures_total",
      "Runs that could not be written to verification_runs, by error code; their metrics are right all the same",
      ["code"],
    ),
    produced: gauge("produced_events", "Events the producers' ledgers count as acknowledged", []),
    stored: gauge(
      "stored_events",
      "Distinct events in the store; less than produced once everything is consumed is loss",
      [],
    ),
    duplicates: gauge(
      "duplicate_events",
      "Further copies of a stored event that were received and not counted; a rise means that a sender retries",
      [],
    ),
    redelivered: gauge(
      "redelivered_rows",
      "Rows inserted again after a crash or rebalance and not counted; a rise means unstable consumers",
      [],
    ),
    deadLetters: gauge("dead_letters", "Dead letters in the store, by class", ["class"]),
  };
  for (const name of KINDS) {
    metrics.failures.inc({ kind: name, code: "none" }, 0);
    for (const verdict of VERIFICATION_VERDICTS) metrics.runs.inc({ kind: name, verdict }, 0);
  }
  for (const name of DEAD_LETTER_CLASSES) metrics.deadLetters.set({ class: name }, 0);
  return metrics;
}

/** Shows a run, be it new or the newest of an earlier process. */
export function showRun(metrics: WatchMetrics, run: Omit<VerificationRun, "runId" | "detailsJson">): void {
  const { kind } = run;
  for (const verdict of VERIFICATION_VERDICTS) metrics.verdict.set({ kind, verdict }, verdict === run.verdict ? 1 : 0);
  metrics.missing.set({ kind }, run.missing);
  metrics.surplus.set({ kind }, run.surplus);
  metrics.conflicts.set({ kind }, run.conflicts);
  metrics.checked.set({ kind }, run.checkedEvents);
  metrics.lastRun.set({ kind }, (run.runAtMs + run.durationMs) / 1000);
  metrics.duration.set({ kind }, run.durationMs / 1000);
  // What was proven stays proven while a later run proves nothing new.
  if (run.provenUntilMs !== undefined) metrics.provenUntil.set({ kind }, run.provenUntilMs / 1000);
  if (run.hoursProvenUntilMs !== undefined) metrics.hoursProvenUntil.set({ kind }, run.hoursProvenUntilMs / 1000);
}

/** Shows what a run found besides its row. */
export function showFacts(metrics: WatchMetrics, { totals, deadLetters, defects }: RunFacts): void {
  if (totals) {
    metrics.produced.set(totals.produced);
    metrics.stored.set(totals.stored);
    metrics.duplicates.set(totals.duplicates);
    metrics.redelivered.set(totals.redelivered);
  }
  if (deadLetters)
    for (const name of DEAD_LETTER_CLASSES) metrics.deadLetters.set({ class: name }, deadLetters.get(name) ?? 0);
  if (defects) {
    metrics.defects.reset();
    for (const [defect, count] of defects) metrics.defects.set({ defect }, count);
  }
}
