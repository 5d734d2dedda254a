import { type Command, Option } from "commander";
import { kafkaConfigProblems } from "../../shared/kafka/config.ts";
import { loadConfig } from "../../shared/runtime/config.ts";
import type { ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { runReporting } from "../cli/services.ts";
import { type Check, exitCodeOf, runChecks } from "./check.ts";
import { clickhouseChecks } from "./clickhouse.ts";
import { doctorConfigSchema } from "./config.ts";
import { brokerChecks, kafkaChecks } from "./kafka.ts";
import { lakeChecks } from "./lake.ts";
import { renderRows } from "./render.ts";
import { rightsChecks } from "./rights.ts";
import { ROLES } from "./roles.ts";
import { schemaChecks } from "./schema.ts";
import { openSession, type Session } from "./session.ts";
import { settingChecks } from "./settings.ts";
import { viewChecks } from "./views.ts";

type DoctorFlags = { role?: string; json?: boolean };

const HELP = `
Looks at what the workers stand on, with the configuration and login it is given, and changes nothing (the lake gets a
small file that is removed again). Each line says what was found, with a code; below it stands what to do.
The login plays the role that its name says (countinghouse_insert), or every role whose rights it has; --role asks for one.

Examples:
  ops doctor
  ops doctor --json | jq '.[] | select(.status == "wrong")'
  CLICKHOUSE_USER=countinghouse_insert CLICKHOUSE_PASSWORD_FILE=secret ops doctor --role insert
  LAKE_URL=s3://bucket/lake ops doctor

Exit codes:
  0  all right; warnings do not count
  1  something is wrong
  2  wrong usage or configuration
  3  nothing is known to be wrong, but something could not be checked`;

/** `ops doctor`: says what of Kafka, ClickHouse and lake is not as the workers need it, and what to do. */
export function registerDoctor(program: Command, io: CliIo): void {
  program
    .command("doctor")
    .description("check Kafka, ClickHouse and lake: reachable, allowed, and set up as the workers need it")
    .addOption(
      new Option("--role <role>", "the ClickHouse role whose rights the login must have").choices(
        ROLES.map(({ name }) => name),
      ),
    )
    .option("--json", "print the lines as a JSON array instead of a table")
    .addHelpText("after", HELP)
    .action((flags: DoctorFlags) => runReporting(io, () => runDoctor(io, flags)));
}

async function runDoctor(io: CliIo, flags: DoctorFlags): Promise<ExitCode> {
  const config = loadConfig(doctorConfigSchema, io.env, kafkaConfigProblems);
  const session = openSession(config, io, flags.role);
  try {
    const rows = await runChecks(checksOf(session), (name) => io.err(`still checking ${name}`));
    io.out(flags.json ? JSON.stringify(rows, null, 2) : renderRows(rows));
    return exitCodeOf(rows);
  } finally {
    await session.close();
  }
}

/**
 * In this order: what does not answer at all is said soon, rights say which role the login has, the raw retention is what a
 * topic's retention is compared with.
 */
function checksOf(session: Session): Check[] {
  return [
    ...clickhouseChecks(session),
    ...brokerChecks(session),
    ...rightsChecks(session),
    ...settingChecks(session),
    ...schemaChecks(session),
    ...viewChecks(session),
    ...kafkaChecks(session),
    ...lakeChecks(session),
  ];
}
