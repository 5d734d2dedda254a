import { EXIT, type ExitCode } from "../cli/exit-codes.ts";
import { formatCount } from "../cli/table.ts";
import {
  type ExportDeps,
  type ExportEvents,
  type ExportOptions,
  type LakePlan,
  planExport,
  runExport,
} from "./export.ts";
import { formatHour } from "./layout.ts";
import { lakeState, renderMetrics, writeMetricsFile } from "./metrics-file.ts";
import { hourRange, type LakeServices } from "./services.ts";
import { recordRun } from "./store.ts";

export type ExportFlags = {
  from?: number;
  to?: number;
  retries: number;
  metricsFile?: string;
  dryRun?: boolean;
  rewrite?: boolean;
  adopt?: boolean;
  settle?: number;
  parallel: number;
};

/** `ops lake export`: 0 when nothing is left to do, 3 when something is. */
export async function runLakeExport(services: LakeServices, flags: ExportFlags): Promise<ExitCode> {
  const { io, clickhouse, target } = services;
  const startedMs = io.clock.now();
  const options = toOptions(flags, startedMs);
  const progress = createProgress(services);
  const deps: ExportDeps = { clickhouse, target, signal: io.signal, events: progress.events };

  const plan = await planExport(deps, options, flags.dryRun !== true);
  const { todo, blocked, clean } = plan;
  io.err(`${target.name}: ${formatCount(clean)} hours are up to date, ${formatCount(todo.length)} to do`);
  for (const { hourS } of blocked) {
    io.err(`${formatHour(hourS)} left alone: the lake's files are newer than the store; --rewrite replaces them`);
  }
  if (flags.dryRun === true) return dryRun(services, plan);

  progress.total = todo.length;
  const report = await runExport(deps, options, plan);
  const left = [...report.left, ...blocked];
  for (const { hourS, reason } of report.left) io.err(`${formatHour(hourS)} not done: ${reason}`);
  const outcome = left.length === 0 ? EXIT.ok : EXIT.notProven;
  const { hours } = report;
  await recordRun(clickhouse, target.name, { command: "export", startedMs, outcome, hours, remaining: left.length });
  if (flags.metricsFile !== undefined) {
    await writeMetricsFile(flags.metricsFile, await renderMetrics(await lakeState(clickhouse, target.name)));
  }
  const seconds = ((io.clock.now() - startedMs) / 1000).toFixed(1);
  io.out(
    `exported ${formatCount(hours)} hours: ${formatCount(report.files)} files, ${formatCount(report.events)} events, ` +
      `${(report.bytes / 1e6).toFixed(1)} MB, ${formatCount(report.removed)} removed, ${formatCount(left.length)} left, in ${seconds} s`,
  );
  if (report.left.length > 0) io.err("next:  run the command again; what is left was not changed");
  return outcome;
}

function toOptions(flags: ExportFlags, nowMs: number): ExportOptions {
  const range = hourRange(flags.from, flags.to);
  if (flags.settle !== undefined) {
    const ended = Math.floor((nowMs - flags.settle) / 3_600_000) * 3_600;
    range.toS = Math.min(range.toS, ended);
  }
  return {
    range,
    rewrite: flags.rewrite === true,
    retries: flags.retries,
    parallel: flags.parallel,
    adopt: flags.adopt === true,
  };
}

function dryRun({ io }: LakeServices, { todo }: LakePlan): ExitCode {
  for (const { hourS, action, reason } of todo) io.out(`${formatHour(hourS)}  ${action}  ${reason}`);
  io.out(`${formatCount(todo.length)} hours to do; nothing was changed`);
  return EXIT.ok;
}

/** A line for every hour. */
function createProgress({ io }: LakeServices): { total: number; events: ExportEvents } {
  let done = 0;
  const progress: { total: number; events: ExportEvents } = {
    total: 0,
    events: {
      adopted: (hourS, files) => io.err(`${formatHour(hourS)} found ${files} files that were not recorded`),
      written: (hourS, facts, removed, elapsedMs) => {
        done++;
        const events = facts.reduce((sum, fact) => sum + fact.events, 0);
        const bytes = facts.reduce((sum, fact) => sum + fact.sizeBytes, 0);
        io.err(
          `${formatHour(hourS)} [${done}/${progress.total}] ${facts.length} files, ${formatCount(events)} events, ` +
            `${(bytes / 1e6).toFixed(1)} MB${removed > 0 ? `, ${removed} removed` : ""} in ${(elapsedMs / 1000).toFixed(1)} s`,
        );
      },
      retrying: (hourS, error, attempt) =>
        io.err(`${hourS === undefined ? "listing" : formatHour(hourS)} attempt ${attempt} failed: ${error.message}`),
      overtaken: (hourS) => io.err(`${formatHour(hourS)} another exporter wrote it meanwhile: again`),
    },
  };
  return progress;
}
