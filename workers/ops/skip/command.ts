import { type Command, InvalidArgumentError } from "commander";
import {
  encodeOffsetsWithoutMessage,
  OFFSETS_WITHOUT_MESSAGE_COLUMNS,
  OFFSETS_WITHOUT_MESSAGE_TABLE,
} from "../../shared/clickhouse/tables/offsets-without-message.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import { describeGroup } from "../../shared/kafka/group-members.ts";
import { fetchCommittedOffsets, fetchTopicRanges } from "../../shared/kafka/topic-reader.ts";
import { EXIT, EXIT_HELP, type ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { CommandError, runCommand, type Services } from "../cli/services.ts";
import { formatCount } from "../cli/table.ts";
import { planSkip } from "./plan.ts";

type SkipFlags = { topic?: string; partition: number; from: number; to: number; yes?: boolean; dryRun?: boolean };

/** Registers `ops skip`. */
export function registerSkip(program: Command, io: CliIo): void {
  program
    .command("skip")
    .summary("give up offsets that nobody can read")
    .description(
      "Notes a range of offsets of one partition as skipped and moves the consumer group over it, and over nothing else.\n" +
        "For a record batch that cannot be read: the consumer's error names this command with its offsets.",
    )
    .requiredOption("--partition <number>", "partition", parseOffset)
    .requiredOption("--from <offset>", "first offset", parseOffset)
    .requiredOption("--to <offset>", "last offset, included", parseOffset)
    .option("--topic <name>", "topic; default: KAFKA_EVENTS_TOPIC")
    .option("--dry-run", "only show what would be done (the default)")
    .option("--yes", "do it")
    .addHelpText(
      "after",
      `
The consumers must be stopped meanwhile: a running group would overwrite the offset.
\`ops verify\` names skipped offsets from then on; their messages are not stored.
Examples:
  ops skip --partition 3 --from 4711 --to 4720
  ops skip --partition 3 --from 4711 --to 4720 --yes
${EXIT_HELP}`,
    )
    .action((flags: SkipFlags) => runCommand(io, (services) => skip(services, flags)));
}

function parseOffset(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Use a whole number of at least 0.");
  return Number(text);
}

async function skip(services: Services, flags: SkipFlags): Promise<ExitCode> {
  const { admin, io } = services;
  const { topic, groupId } = groupOf(services, flags.topic);
  const { partition, from, to } = flags;
  if (from > to)
    throw new CommandError(EXIT.usage, `--from ${from} is beyond --to ${to}`, "name the first offset first");
  const range = (await fetchTopicRanges(admin, topic)).find((one) => one.partition === partition);
  if (range === undefined) {
    throw new CommandError(EXIT.usage, `topic ${topic} has no partition ${partition}`, "see --help");
  }
  const committed = (await fetchCommittedOffsets(admin, groupId, topic)).get(partition);
  const plan = planSkip(range, committed, { from, to });
  if (plan.kind === "refuse") {
    const next = "let the consumers read up to the first offset of the range, or correct the range; then run it again";
    throw new CommandError(EXIT.notProven, plan.reason, next);
  }
  const which = `${formatCount(to - from + 1)} offsets of ${topic}, partition ${partition}: ${from} to ${to}`;
  io.out(`would be given up and noted as skipped: ${which}`);
  io.out(
    plan.kind === "move"
      ? `group ${groupId} would go from offset ${committed ?? range.from} to ${plan.target}`
      : `group ${groupId} stays at offset ${committed}: it is beyond the range already`,
  );
  const members = plan.kind === "move" ? (await describeGroup(admin, groupId)).members.length : 0;
  if (members > 0) {
    const next = "stop all consumers, skip, then start them again";
    if (flags.yes && !flags.dryRun) {
      throw new CommandError(EXIT.notProven, `group ${groupId} has ${members} running members`, next);
    }
    io.err(`note: group ${groupId} has ${members} running members; before --yes, ${next}`);
  }
  if (!flags.yes || flags.dryRun) {
    io.out("nothing was done; add --yes to do it");
    return EXIT.ok;
  }
  // Noted first: a crash in between leaves offsets that are accounted for and will be read again.
  await note(services, { topic, partition, first: from, last: to });
  if (plan.kind === "move") {
    const partitions = [{ partition, offset: String(plan.target) }];
    await kafkaCall(() => admin.setOffsets({ groupId, topic, partitions }));
  }
  io.out("done; start the consumers, then `ops verify` names the skipped offsets and accounts for all others");
  return EXIT.ok;
}

/** The topic and the group that reads it. */
function groupOf({ config }: Services, named: string | undefined): { topic: string; groupId: string } {
  const topic = named ?? config.KAFKA_EVENTS_TOPIC;
  if (topic === config.KAFKA_EVENTS_TOPIC) return { topic, groupId: config.KAFKA_GROUP_ID };
  if (topic === config.KAFKA_LEDGER_TOPIC) return { topic, groupId: config.KAFKA_LEDGER_GROUP_ID };
  const next = `use ${config.KAFKA_EVENTS_TOPIC} or ${config.KAFKA_LEDGER_TOPIC}, or set KAFKA_EVENTS_TOPIC`;
  throw new CommandError(EXIT.usage, `no consumer group of this pipeline reads ${topic}`, next);
}

function note(
  { clickhouse, io }: Services,
  range: { topic: string; partition: number; first: number; last: number },
): Promise<void> {
  const rows = encodeOffsetsWithoutMessage([{ ...range, kind: "skipped", appendTimeMs: io.clock.now() }]);
  return clickhouse.insert(OFFSETS_WITHOUT_MESSAGE_TABLE, OFFSETS_WITHOUT_MESSAGE_COLUMNS, rows);
}
