import { type Command, Option } from "commander";
import { EXIT, EXIT_HELP, type ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { parseCount, parseDuration } from "../cli/options.ts";
import { CommandError, runCommand, type Services } from "../cli/services.ts";
import { formatCount } from "../cli/table.ts";
import { formatHour } from "../lake/layout.ts";
import { openLake } from "../lake/open.ts";
import type { LakeServices } from "../lake/services.ts";
import { recordRun } from "../lake/store.ts";
import { STOP_CONSUMERS } from "../rewind/group.ts";
import { describeLeft, type LakeHours, listHours, restoreHours } from "./lake-rows.ts";
import { type ProveFlags, proveRestore } from "./prove.ts";
import { type GroupPlan, planGroups, rewindGroups } from "./topic.ts";

type RestoreFlags = ProveFlags & {
  fromLake?: boolean;
  prove?: boolean;
  yes?: boolean;
  dryRun?: boolean;
  retries: number;
};

const HELP = `
After the loss of a store, in this order:
  1. stop the consumers
  2. \`ops migrate\`, with --raw-retention-days so long that it covers the days of the lake that are to come back
  3. \`ops restore --from-lake --yes\`   puts back what lies in the lake (LAKE_URL and its keys) and is not in the store, then
                                      sets the consumers' groups back to the first messages that the topics hold
  4. start the consumers
  5. \`ops restore --prove\`            EXACT or NOT PROVEN by range of offsets
Each step may be repeated; what is stored already is stored once. A run that was killed is run again.
Conflicts that were resolved and whose copies the topic still holds come back: see \`ops conflicts list\`.

Examples:
  ops restore --from-lake             show what would be done
  ops restore --from-lake --yes
  ops restore --yes                   there is no lake: from the topic alone
  ops restore --prove --wait 2h
Exit codes of --prove: 0 only when everything from offset 0 on is EXACT, 3 when a range is NOT PROVEN.
${EXIT_HELP}`;

/** Registers `ops restore`. */
export function registerRestore(program: Command, io: CliIo): void {
  program
    .command("restore")
    .summary("bring a lost store back from lake and topic, and say what of it is proven")
    .description(
      "Puts the events of the Parquet lake back into an empty or damaged store and has the consumers read the topic again from\n" +
        "its first message. Lost ranges are named: what only the lake brought back, or nobody, is NOT PROVEN.",
    )
    .option("--from-lake", "put back what lies in the lake first")
    .option("--prove", "change nothing; audit the topic and give a verdict for every range of offsets")
    .option("--dry-run", "only show what would be done (the default)")
    .option("--yes", "do it")
    .option(
      "--retries <n>",
      "with --from-lake: attempts after a failure that may pass, with pauses of up to 15 s",
      parseCount,
      6,
    )
    .addOption(
      new Option("--wait <duration>", "with --prove: how long to wait for consumers")
        .argParser(parseDuration)
        .default(60_000, "60s"),
    )
    .option("--temp-dir <dir>", "with --prove: where to spill (about 200 bytes an event)")
    .option("--json", "with --prove: one JSON object")
    .addHelpText("after", HELP)
    .action((flags: RestoreFlags) =>
      runCommand(io, async (services) => {
        if (flags.prove !== true) return restore(services, flags);
        if (flags.fromLake || flags.yes) {
          throw new CommandError(
            EXIT.usage,
            "--prove changes nothing: it goes with neither --from-lake nor --yes",
            "see --help",
          );
        }
        return proveRestore(services, flags);
      }),
    );
}

async function restore(services: Services, flags: RestoreFlags): Promise<ExitCode> {
  const { admin, io } = services;
  const groups = await planGroups(services);
  const isReal = flags.yes === true && flags.dryRun !== true;
  refuseWhileRead(io, groups, isReal);
  const lake = flags.fromLake ? await openLake(io, (opened) => restoreLake(opened, flags, isReal)) : EXIT.ok;
  for (const { group, topic, messages } of groups) {
    io.out(`group ${group} ${isReal ? "reads" : "would read"} ${formatCount(messages)} messages of ${topic} again`);
  }
  if (!isReal) {
    io.out("nothing was done; add --yes to do it");
    return EXIT.ok;
  }
  // Putting back may have taken hours: the groups are looked at again.
  const now = await planGroups(services);
  refuseWhileRead(io, now, isReal);
  await rewindGroups(admin, now);
  io.out("done; start the consumers, then `ops restore --prove` says what is EXACT and what is NOT PROVEN");
  return lake;
}

function refuseWhileRead(io: CliIo, groups: readonly GroupPlan[], isReal: boolean): void {
  const running = groups.filter(({ members }) => members > 0);
  if (running.length === 0) return;
  const what = running.map(({ group, members }) => `group ${group} has ${members} running members`).join(", ");
  const next = `${STOP_CONSUMERS} first`;
  if (isReal) throw new CommandError(EXIT.notProven, what, next);
  io.err(`note: ${what}; before --yes, ${next}`);
}

async function restoreLake(services: LakeServices, flags: RestoreFlags, isReal: boolean): Promise<ExitCode> {
  const { io, clickhouse, target } = services;
  const found = await listHours(services);
  describeLake(services, found);
  if (!isReal) return EXIT.ok;
  const startedMs = io.clock.now();
  const note = (outcome: number, hours: number, remaining: number) =>
    recordRun(clickhouse, target.name, { command: "restore", startedMs, outcome, hours, remaining });
  // From here on no export writes into the lake, until a restore has ended well.
  await note(EXIT.notProven, 0, found.hours.size);
  let hoursDone = 0;
  const report = await restoreHours(
    {
      clickhouse,
      target,
      signal: io.signal,
      onHour: (hourS, { events, added }) =>
        io.err(
          `${formatHour(hourS)} [${++hoursDone}/${found.hours.size}] ${formatCount(events)} events, ${formatCount(added)} put back`,
        ),
      onRetry: (hourS, error, attempt) => io.err(`${formatHour(hourS)} attempt ${attempt} failed: ${error.message}`),
    },
    found,
    { retries: flags.retries },
  );
  for (const line of describeLeft(report.left)) io.err(line);
  await note(report.left.length === 0 ? EXIT.ok : EXIT.notProven, report.hours, report.left.length);
  io.out(
    `${target.name}: ${formatCount(report.hours)} hours with ${formatCount(report.events)} events are in the store, ` +
      `${formatCount(report.added)} of them put back now, ${formatCount(report.left.length)} hours left`,
  );
  if (report.left.length > 0) {
    const next =
      "fix what is named above and run the command again: it goes on where it stopped; the groups were not set back";
    throw new CommandError(
      EXIT.notProven,
      `${formatCount(report.left.length)} hours of the lake are not in the store`,
      next,
    );
  }
  return found.past.length === 0 ? EXIT.ok : EXIT.notProven;
}

function describeLake({ io, target }: LakeServices, { hours, past, foreign }: LakeHours): void {
  const all = [...hours.keys()];
  const [first, last] = [all[0], all.at(-1)];
  const span = first === undefined || last === undefined ? "" : `, ${formatHour(first)} to ${formatHour(last)}`;
  io.out(`${target.name}: ${formatCount(all.length)} hours${span}`);
  const oldest = past[0];
  if (oldest !== undefined) {
    const days = Math.ceil((io.clock.now() / 1000 - oldest) / 86_400) + 2;
    io.err(
      `${formatCount(past.length)} hours from ${formatHour(oldest)} on are older than the raw retention and stay in the lake alone; ` +
        `to have their minutes and hours back, \`ops migrate --raw-retention-days ${days}\` on the empty store, restore, and shorten it afterwards`,
    );
  }
  if (foreign.length > 0)
    io.err(`left alone: ${formatCount(foreign.length)} objects that are no files of an export, such as ${foreign[0]}`);
}
