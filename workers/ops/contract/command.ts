import type { Command } from "commander";
import { EXIT_HELP } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { runReporting } from "../cli/services.ts";
import { checkCommand } from "./check.ts";

const CHECK_HELP = `
Reads all .yaml files of DIR and names every mistake in them with file, line and column, and what to do about it. Without
mistakes it says what they declare. It asks neither Kafka nor ClickHouse. Without DIR it reads the contract that is shipped.

Examples:
  ops contract check
  ops contract check contract/
  ops contract check my-contract && git commit -m "Contract: count refunds" my-contract
${EXIT_HELP}`;

/** `ops contract …`: what is declared in files about sources, types, columns and metrics. */
export function registerContract(program: Command, io: CliIo): void {
  const contract = program.command("contract").description("declared sources, event types, columns and metrics");
  contract
    .command("check [dir]")
    .description("name every mistake in the files of a contract, or say what they declare")
    .addHelpText("after", CHECK_HELP)
    .action((dir: string | undefined) => runReporting(io, async () => checkCommand(dir, io)));
}
