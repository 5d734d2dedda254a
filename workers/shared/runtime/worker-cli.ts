import { Command, CommanderError } from "commander";
import type { z } from "zod";
import { buildInfo } from "./build-info.ts";
import { describeConfig } from "./config.ts";
import { AppError } from "./errors.ts";

/** What `--help` says of a worker that takes everything from its environment. */
export type WorkerCli = { name: string; description: string; examples: readonly string[]; schema: z.ZodObject };

const EXIT_USAGE = 2;

const EXIT_HELP = `
Exit codes:
  0    stopped as asked (SIGTERM, SIGINT)
  1    failed; the last log line says why
  2    wrong usage or configuration
  130  stopped at once by a second signal`;

/** The command line of a worker that has neither options nor arguments of its own, only --help and --version. */
export function createWorkerCli(worker: WorkerCli): Command {
  const rows = describeConfig(worker.schema);
  const width = Math.max(...rows.map((row) => row.name.length));
  const variables = rows.map((row) => {
    const fallback = row.default === "" ? "" : ` [${row.default}]`;
    return `  ${row.name.padEnd(width)}  ${row.description}${fallback}`;
  });
  const examples = worker.examples.map((line) => `  ${line}`).join("\n");
  return new Command(worker.name)
    .description(`${worker.description}\nConfigured by environment variables alone; runs until SIGTERM.`)
    .version(`${buildInfo.version} (${buildInfo.commit})`)
    .allowExcessArguments(false)
    .showHelpAfterError(`(see ${worker.name} --help)`)
    .addHelpText(
      "after",
      `\nEnvironment, with [defaults]:\n${variables.join("\n")}\n\nExamples:\n${examples}\n${EXIT_HELP}`,
    )
    .action(() => undefined);
}

/** Reads the command line of this process; ends it after --help and --version (0) and on wrong usage (2). */
export function runWorkerCli(worker: WorkerCli): void {
  try {
    createWorkerCli(worker).exitOverride().parse();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE);
  }
}

/** Loads the configuration; prints what is wrong with it as plain text and ends the process with 2. */
export function configOrExit<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    console.error(error.message);
    process.exit(EXIT_USAGE);
  }
}
