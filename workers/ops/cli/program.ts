import { Command, CommanderError } from "commander";
import { buildInfo } from "../../shared/runtime/build-info.ts";
import { registerConflicts } from "../conflicts/command.ts";
import { registerContract } from "../contract/command.ts";
import { registerDlq } from "../dlq/command.ts";
import { registerDoctor } from "../doctor/command.ts";
import { registerLake } from "../lake/command.ts";
import { registerMigrate } from "../migrate/command.ts";
import { registerRestore } from "../restore/command.ts";
import { registerRewind } from "../rewind/command.ts";
import { registerSecrets } from "../secrets/command.ts";
import { registerSkip } from "../skip/command.ts";
import { registerSmoke } from "../smoke/command.ts";
import { registerVerify } from "../verify/command.ts";
import { EXIT, EXIT_HELP } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";

/** The whole command line: every command registers itself from its own folder. */
export function createProgram(io: CliIo): Command {
  const program = new Command("ops")
    .description("Operate and prove the pipeline. Configured by environment variables; see README.")
    .version(`${buildInfo.version} (${buildInfo.commit})`)
    .addHelpText("after", `${EXAMPLES}\n${EXIT_HELP}`)
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
    .exitOverride();
  registerMigrate(program, io);
  registerVerify(program, io);
  registerDlq(program, io);
  registerConflicts(program, io);
  registerRewind(program, io);
  registerRestore(program, io);
  registerSkip(program, io);
  registerLake(program, io);
  registerSecrets(program, io);
  registerSmoke(program, io);
  registerContract(program, io);
  registerDoctor(program, io);
  for (const command of allCommands(program)) command.exitOverride().copyInheritedSettings(program);
  for (const command of [program, ...allCommands(program)]) {
    command.showHelpAfterError(`(see \`${pathOf(command)} --help\`)`);
  }
  return program;
}

const EXAMPLES = `
Examples:
  ops migrate
  ops doctor
  ops verify --wait 120s
  ops verify --audit
  ops dlq list --class schema
  ops conflicts list
  ops contract check my-contract
  ops rewind --from 2026-05-01T12:00Z
  ops restore --from-lake
  ops skip --partition 3 --from 4711 --to 4720`;

/** `ops dlq list` */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}

/** Runs a command line. Wrong usage ends with exit code 2 and the usage text, never with a stack trace. */
export async function runProgram(program: Command, io: CliIo, argv: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    io.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  }
}
