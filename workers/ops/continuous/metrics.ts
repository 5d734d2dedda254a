import { Counter, Gauge, type Registry } from "prom-client";
import type { Progress } from "./progress.ts";
import type { StepReport } from "./step.ts";

export type ContinuousMetrics = ReturnType<typeof createContinuousMetrics>;

/** Metrics of the continuous audit, on the registry of `ops verify --watch`. */
export function createContinuousMetrics(registry: Registry) {
  const registers = [registry];
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `countinghouse_verification_continuous_${name}`, help, labelNames, registers });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `countinghouse_verification_continuous_${name}`, help, labelNames, registers });
  const provenUntil = gauge(
    "proven_until_timestamp_seconds",
    "Unix time: every message that Kafka had by then is compared with the store; time() less this is the proof's lag",
    ["partition"],
  );
  const shownUntil = gauge(
    "shown_until_timestamp_seconds",
    "Unix time up to which the views' minutes are compared as well; behind the above while minutes are being recomputed",
    [],
  );
  const behind = gauge("behind_offsets", "Offsets that consumers have committed and nobody has compared yet", []);
  const unproven = gauge(
    "unproven_offsets",
    "Offsets that could not be compared, ever: unreadable, or deleted before; anything but 0 is a gap in the proof",
    ["partition"],
  );
  const different = gauge(
    "different",
    "1 while the proof stands at a difference between topic, store and views; must never be 1",
    ["partition"],
  );
  const offsets = counter(
    "offsets_total",
    "Offsets compared; a standstill while consumers commit means nothing new is proven",
    [],
  );
  const failures = counter(
    "failed_steps_total",
    "Steps that came to no end, by error code: Kafka or ClickHouse did not answer",
    ["code"],
  );
  failures.inc({ code: "none" }, 0);
  return {
    failures,
    /** Shows a step's result. */
    show(
      progress: Iterable<Progress>,
      report: StepReport,
      until: { storedMs: number | undefined; shownMs: number | undefined },
    ): void {
      for (const one of progress) {
        const labels = { partition: String(one.partition) };
        if (one.provenUntilMs !== undefined) provenUntil.set(labels, one.provenUntilMs / 1000);
        unproven.set(labels, one.unproven);
        different.set(labels, one.difference === "" ? 0 : 1);
      }
      if (until.shownMs !== undefined) shownUntil.set(until.shownMs / 1000);
      behind.set(report.behind);
      offsets.inc(report.offsets);
    },
  };
}
