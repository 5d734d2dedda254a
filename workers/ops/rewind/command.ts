import { type Command, InvalidArgumentError } from "commander";
import type { Admin } from "../../shared/kafka/client.ts";
import { kafkaCall } from "../../shared/kafka/errors.ts";
import { describeGroup } from "../../shared/kafka/group-members.ts";
import { fetchCommittedOffsets, fetchTopicRanges } from "../../shared/kafka/topic-reader.ts";
import { EXIT, EXIT_HELP, type ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { parseTime } from "../cli/options.ts";
import { CommandError, runCommand, type Services } from "../cli/services.ts";
import { formatCount, formatTime, renderTable } from "../cli/table.ts";
import { messagesAgain, STOP_CONSUMERS, setBack } from "./group.ts";
import { planRewind, type RewindStep } from "./plan.ts";

type RewindFlags = { from: number | "earliest"; yes?: boolean; dryRun?: boolean };

/** Registers `ops rewind`. */
export function registerRewind(program: Command, io: CliIo): void {
  program
    .command("rewind")
    .summary("have the consumers read a range of the topic again")
    .description(
      "Sets the consumer group's committed offsets back to the messages appended from a time on. Reading them again\n" +
        "is harmless: what is stored already is stored once. It repairs what the store has lost, within the topic's retention.",
    )
    .requiredOption("--from <time>", "append time (ISO 8601), or earliest", parseFrom)
    .option("--dry-run", "only show what would be done (the default)")
    .option("--yes", "do it")
    .addHelpText(
      "after",
      `
The consumers must be stopped meanwhile: a running group would overwrite the offsets.
Conflicts that were resolved come back, since the dropped copies are read again: \`ops conflicts resolve --recorded\`
drops them again afterwards.
Examples:
  ops rewind --from 2026-05-01T12:00Z
  ops rewind --from earliest --yes
${EXIT_HELP}`,
    )
    .action((flags: RewindFlags) => runCommand(io, (services) => rewind(services, flags)));
}

function parseFrom(text: string): number | "earliest" {
  if (text === "earliest") return text;
  try {
    return parseTime(text);
  } catch {
    throw new InvalidArgumentError("Use an ISO 8601 time such as 2026-05-01T12:00Z, or earliest.");
  }
}

async function rewind({ admin, config, io }: Services, flags: RewindFlags): Promise<ExitCode> {
  const topic = config.KAFKA_EVENTS_TOPIC;
  const groupId = config.KAFKA_GROUP_ID;
  const ranges = await fetchTopicRanges(admin, topic);
  const committed = await fetchCommittedOffsets(admin, groupId, topic);
  const targets = await offsetsAt(admin, topic, flags.from);
  const steps = planRewind(ranges, committed, targets);
  io.out(renderSteps(steps));
  const messages = messagesAgain(steps);
  const from = flags.from === "earliest" ? "the earliest message" : formatTime(flags.from);
  io.out(`group ${groupId} would read ${formatCount(messages)} messages again, from ${from} on`);
  if (messages === 0) return EXIT.ok;

  const members = (await describeGroup(admin, groupId)).members.length;
  if (members > 0 && (flags.yes || !flags.dryRun)) {
    const next = `${STOP_CONSUMERS}, rewind, then start them again`;
    if (flags.yes) throw new CommandError(EXIT.notProven, `group ${groupId} has ${members} running members`, next);
    io.err(`note: group ${groupId} has ${members} running members; before --yes, ${next}`);
  }
  if (!flags.yes || flags.dryRun) {
    io.out("nothing was done; add --yes to do it");
    return EXIT.ok;
  }
  await setBack(admin, { groupId, topic, steps });
  io.out(`done; start the consumers, then \`ops verify --audit\` proves the result`);
  io.out(
    "conflicts that were resolved come back with it; afterwards `ops conflicts resolve --recorded` drops the same copies again",
  );
  return EXIT.ok;
}

/** The first offset appended at or after the time, per partition; the end where there is none. */
async function offsetsAt(admin: Admin, topic: string, from: number | "earliest"): Promise<Map<number, number>> {
  if (from === "earliest") return new Map();
  const offsets = await kafkaCall(() => admin.fetchTopicOffsetsByTimestamp(topic, from));
  return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]));
}

function renderSteps(steps: readonly RewindStep[]): string {
  return renderTable(
    ["PARTITION", "FIRST", "END", "COMMITTED", "REWOUND TO", "MESSAGES AGAIN"].map((title) => ({
      title,
      numeric: true,
    })),
    steps.map((step) => [
      String(step.partition),
      formatCount(step.from),
      formatCount(step.end),
      step.committed === undefined ? "-" : formatCount(step.committed),
      step.again > 0 ? formatCount(step.target) : "unchanged",
      formatCount(step.again),
    ]),
  );
}
