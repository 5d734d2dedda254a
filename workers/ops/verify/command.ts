import { type Command, Option } from "commander";
import { runAudit } from "../audit/command.ts";
import { EXIT, EXIT_HELP } from "../cli/exit-codes.ts";
import { throwIfInterrupted } from "../cli/interrupt.ts";
import type { CliIo } from "../cli/io.ts";
import { parseDuration, parseTime } from "../cli/options.ts";
import { CommandError, runCommand, runReporting } from "../cli/services.ts";
import { type WatchOptions, watch } from "../watch/watch.ts";
import { renderReport } from "./render.ts";
import { exitCodeOf, toJson } from "./report.ts";
import { timingOf, verify } from "./run.ts";
import { END_OF_TIME_S } from "./windows.ts";

type VerifyFlags = {
  from?: number;
  to?: number;
  wait: number;
  settle: number;
  json?: boolean;
  all?: boolean;
  audit?: boolean;
  allowUnseen?: boolean;
  tempDir?: string;
  watch?: boolean;
  interval: number;
  auditEvery: number;
  continuous: number;
  window?: number;
};

/** Registers `ops verify`. */
export function registerVerify(program: Command, io: CliIo): void {
  program
    .command("verify")
    .summary("prove that what was produced is what is stored and shown")
    .description(
      "Compares producer ledger, stored events and the views per minute, source and type: counts and checksums.\n" +
        "With --audit it reads the Kafka topic itself and compares every event with the store.\n" +
        "With --watch it does so continuously, behind the consumers: the view `proof` says until when all is proven.",
    )
    .option("--from <time>", "only event minutes from this time on (ISO 8601)", parseTime)
    .option("--to <time>", "only event minutes before this time (ISO 8601)", parseTime)
    .addOption(
      new Option("--wait <duration>", "how long to wait for consumers and views")
        .argParser(parseDuration)
        .default(60_000, "60s"),
    )
    .addOption(
      new Option("--settle <duration>", "how long a minute must disagree unchanged before it counts as a difference")
        .argParser(parseDuration)
        .default(10_000, "10s"),
    )
    .option("--json", "print one JSON object instead of tables")
    .option("--all", "list every minute, not only those that differ, and every key that is still moving")
    .option("--audit", "read the topic and compare event by event; proves events of any client")
    .option(
      "--allow-unseen",
      "with --audit: offsets the topic has deleted by retention do not prevent the verdict EXACT",
    )
    .option("--temp-dir <dir>", "with --audit: where to spill (about 200 bytes an event)")
    .option("--watch", "keep proving until SIGTERM; results as metrics on HEALTH_PORT and in verification_runs")
    .addOption(
      new Option("--interval <duration>", "with --watch: pause between two runs")
        .argParser(parseDuration)
        .default(60_000, "60s"),
    )
    .addOption(
      new Option("--audit-every <duration>", "with --watch: a full audit from offset 0 as well, this often; 0s: none")
        .argParser(parseDuration)
        .default(0, "0s"),
    )
    .addOption(
      new Option(
        "--continuous <duration>",
        "with --watch: shortest pause between two steps of the continuous audit; 0s: none",
      )
        .argParser(parseDuration)
        .default(5_000, "5s"),
    )
    .option(
      "--window <duration>",
      "with --watch: runs compare only minutes younger than this and leave older ones to audits (default: every minute of the store, each run)",
      parseDuration,
    )
    .addHelpText(
      "after",
      `
Examples:
  ops verify
  ops verify --from 2026-05-01T12:00Z --to 2026-05-01T13:00Z --all
  ops verify --json | jq .verdict
  ops verify --audit --wait 10m
  HEALTH_PORT=8082 ops verify --watch --interval 60s --audit-every 6h
${EXIT_HELP}`,
    )
    .action((flags: VerifyFlags) => {
      if (flags.watch) return runReporting(io, async () => watch(io, watchOptions(flags)), EXIT.ok);
      return runCommand(io, async (services) => {
        if (flags.audit) {
          return runAudit(services, {
            waitMs: flags.wait,
            json: flags.json ?? false,
            allowUnseen: flags.allowUnseen ?? false,
            tempDir: flags.tempDir,
          });
        }
        const report = await verify(services, {
          window: {
            from: Math.floor((flags.from ?? 0) / 60_000) * 60,
            to: flags.to === undefined ? END_OF_TIME_S : Math.ceil(flags.to / 60_000) * 60,
          },
          waitMs: flags.wait,
          all: flags.all ?? false,
          timing: timingOf(flags.settle),
        });
        throwIfInterrupted(io);
        io.out(flags.json ? toJson(report) : renderReport(report, { all: flags.all ?? false }));
        return exitCodeOf(report.verdict);
      });
    });
}

function watchOptions(flags: VerifyFlags): WatchOptions {
  if (flags.from !== undefined || flags.to !== undefined || flags.audit || flags.json || flags.all) {
    throw new CommandError(
      EXIT.usage,
      "--watch goes with none of --from, --to, --audit, --json and --all",
      "see --help",
    );
  }
  return {
    intervalMs: flags.interval,
    auditEveryMs: flags.auditEvery,
    continuousMs: flags.continuous,
    windowMs: flags.window,
    waitMs: flags.wait,
    settleMs: flags.settle,
    allowUnseen: flags.allowUnseen ?? false,
    tempDir: flags.tempDir,
  };
}
