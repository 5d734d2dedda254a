import type { Command } from "commander";
import { EXIT_HELP, type ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { parseCount, parseDuration, parseTime } from "../cli/options.ts";
import { runReporting } from "../cli/services.ts";
import { type ExportFlags, runLakeExport } from "./export-command.ts";
import { openLake } from "./open.ts";
import type { LakeServices } from "./services.ts";
import { runLakeVerify, type VerifyFlags } from "./verify-command.ts";

const EXPORT_HELP = `
Needs LAKE_URL (s3://bucket[/prefix] or file:///directory), CLICKHOUSE_* and, for S3, credentials from the environment or
a role. Writes what changed since the last export; safe to run at any time, any number of times, and several at once.

Examples:
  ops lake export                                    everything that is not yet in the lake as the store has it
  ops lake export --dry-run                          only show what would be written
  ops lake export --from 2026-05-01 --to 2026-06-01  one month
  ops lake export --settle 10m                       leave out hours that ended less than 10 minutes ago
${EXIT_HELP}`;

const VERIFY_HELP = `
Reads every file of the range and compares counts, the sum of the hashed ids and the sum of all columns hashed with
the stored events (past the raw retention: with the hourly view).

Examples:
  ops lake verify                          any difference ends with exit code 1
  ops lake verify --allow-pending 2h       hours touched in the last two hours may wait for their export
${EXIT_HELP}`;

/** Registers `ops lake export` and `ops lake verify`. */
export function registerLake(program: Command, io: CliIo): void {
  const lake = program.command("lake").description("keep and prove the Parquet copy of the events");
  const withRange = (command: Command) =>
    command
      .option("--from <time>", "first hour (default: the oldest)", parseTime)
      .option("--to <time>", "end of the last hour (default: the newest)", parseTime)
      .option(
        "--retries <n>",
        "attempts after a failure that may pass, with growing pauses of up to 15 s",
        parseCount,
        6,
      )
      .option("--metrics-file <file>", "write metrics in Prometheus' text format to this file");

  withRange(lake.command("export").description("write the hours that changed, as Parquet files"))
    .option("--dry-run", "show what would be done")
    .option("--adopt", "go on in a lake that another store has filled: what this store lacks is lost there")
    .option("--rewrite", "also write hours that are as they should be, or newer than the store's")
    .option("--settle <time>", "leave out hours that ended less than this ago", parseDuration)
    .option("--parallel <n>", "hours written at once", parseCount, 2)
    .addHelpText("after", EXPORT_HELP)
    .action((flags: ExportFlags) => withLake(io, (services) => runLakeExport(services, flags)));

  withRange(lake.command("verify").description("compare every file with the store"))
    .option("--allow-pending <time>", "hours touched this recently may differ", parseDuration, 0)
    .option("--json", "the result as JSON")
    .addHelpText("after", VERIFY_HELP)
    .action((flags: VerifyFlags) => withLake(io, (services) => runLakeVerify(services, flags)));
}

function withLake(io: CliIo, run: (services: LakeServices) => Promise<ExitCode>): Promise<void> {
  return runReporting(io, () => openLake(io, run));
}
