import { EXIT, type ExitCode } from "../cli/exit-codes.ts";
import { throwIfInterrupted } from "../cli/interrupt.ts";
import { formatCount, renderTable } from "../cli/table.ts";
import type { Difference } from "./compare.ts";
import { formatHour } from "./layout.ts";
import { lakeState, renderMetrics, writeMetricsFile } from "./metrics-file.ts";
import { hourRange, type LakeServices } from "./services.ts";
import { recordRun } from "./store.ts";
import { type LakeVerdict, lastTouched, verifyLake } from "./verify.ts";

export type VerifyFlags = {
  from?: number;
  to?: number;
  retries: number;
  metricsFile?: string;
  allowPending: number;
  json?: boolean;
};

const RECHECK_MS = 5_000;
const MAX_LINES = 200;

/** `ops lake verify`: 0 when store and lake are equal, 1 when anything differs. */
export async function runLakeVerify(services: LakeServices, flags: VerifyFlags): Promise<ExitCode> {
  const { io, clickhouse, target } = services;
  const startedMs = io.clock.now();
  const range = hourRange(flags.from, flags.to);
  const verdict = await verifyLake(
    {
      clickhouse,
      target,
      signal: io.signal,
      onDay: (day, days, differences) => {
        io.err(`day ${day} of ${days}: ${differences === 0 ? "equal" : `${differences} differences`}`);
      },
      onRetry: (error, attempt) => io.err(`attempt ${attempt} failed: ${error.message}`),
    },
    { range, retries: flags.retries, recheckMs: RECHECK_MS },
  );
  throwIfInterrupted(io);
  const { allowed, counted } = await sortOut(services, verdict, flags.allowPending);
  const outcome = counted.length === 0 ? EXIT.ok : EXIT.different;
  const { hours } = verdict;
  const run = { command: "verify" as const, startedMs, outcome, hours, remaining: counted.length };
  await recordRun(clickhouse, target.name, run);
  if (flags.metricsFile !== undefined) {
    const state = await lakeState(clickhouse, target.name);
    await writeMetricsFile(
      flags.metricsFile,
      await renderMetrics(state, { found: verdict, counted, atMs: io.clock.now() }),
    );
  }
  if (flags.json === true) io.out(JSON.stringify({ ...verdict, outcome, allowed: allowed.length }));
  else io.out(render(verdict, counted, allowed));
  return outcome;
}

/** Hours that were touched a moment ago may wait for their export; everything else counts. */
async function sortOut({ io, clickhouse }: LakeServices, verdict: LakeVerdict, allowPendingMs: number) {
  const pending = verdict.differences.flatMap(({ pending, hourS }) => (pending && hourS !== undefined ? [hourS] : []));
  const touched = allowPendingMs > 0 ? await lastTouched(clickhouse, [...new Set(pending)]) : new Map<number, number>();
  const isAllowed = ({ pending, hourS }: Difference) =>
    pending && hourS !== undefined && (touched.get(hourS) ?? 0) > io.clock.now() - allowPendingMs;
  return {
    allowed: verdict.differences.filter(isAllowed),
    counted: verdict.differences.filter((difference) => !isAllowed(difference)),
  };
}

function render(verdict: LakeVerdict, counted: readonly Difference[], allowed: readonly Difference[]): string {
  const lines: string[] = [];
  if (counted.length > 0) {
    const columns = [
      { title: "hour" },
      { title: "source" },
      { title: "finding" },
      { title: "store", numeric: true },
      { title: "lake", numeric: true },
      { title: "detail" },
    ];
    const rows = counted.slice(0, MAX_LINES).map((difference) => {
      const { kind, key, hourS, source, storeEvents, lakeEvents, detail, pending } = difference;
      return [
        hourS === undefined ? key : formatHour(hourS),
        source ?? "",
        pending ? `${kind}, to be exported` : kind,
        storeEvents === undefined ? "-" : formatCount(storeEvents),
        lakeEvents === undefined ? "-" : formatCount(lakeEvents),
        detail,
      ];
    });
    lines.push(renderTable(columns, rows));
    if (counted.length > MAX_LINES) lines.push(`… and ${formatCount(counted.length - MAX_LINES)} more`);
    lines.push("");
  }
  const { hours, files, events, pastRetention } = verdict;
  lines.push(`compared ${formatCount(hours)} hours: ${formatCount(files)} files with ${formatCount(events)} events`);
  if (pastRetention > 0) {
    lines.push(
      `${formatCount(pastRetention)} of these hours are past the raw retention: compared with the hourly view`,
    );
  }
  if (allowed.length > 0) lines.push(`${formatCount(allowed.length)} files wait for the next export, as allowed`);
  lines.push(
    counted.length === 0 ? "EQUAL: the lake holds what the store holds" : `DIFFERENT: ${counted.length} findings`,
  );
  return lines.join("\n");
}
