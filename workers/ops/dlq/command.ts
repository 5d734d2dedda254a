import type { Command } from "commander";
import {
  findLetters,
  formatPosition,
  type LetterFilter,
  type LetterRow,
  loadLetters,
  parsePosition,
} from "../../shared/dead-letters/letters.ts";
import { replayLetters } from "../../shared/dead-letters/replay.ts";
import { DEAD_LETTER_CLASSES, type DeadLetterClass } from "../../shared/event/index.ts";
import { errorMessage } from "../../shared/runtime/errors.ts";
import { EXIT, EXIT_HELP, type ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { parseCount, parseTime } from "../cli/options.ts";
import { CommandError, runCommand, type Services } from "../cli/services.ts";
import { formatCount, formatTime } from "../cli/table.ts";
import { letterToJson, renderLetter, renderLetters } from "./render.ts";

type FilterFlags = { class?: string; from?: number; to?: number; limit: number; json?: boolean };
type ListFlags = FilterFlags & { oldestFirst?: boolean };
type ReplayFlags = FilterFlags & {
  dryRun?: boolean;
  yes?: boolean;
  edit?: string;
  again?: boolean;
  all?: boolean;
  unrepaired?: boolean;
};

/** What is refused for its bytes is refused again as long as they are the same; and what is too old becomes no younger. */
const REFUSED_AGAIN: ReadonlySet<string> = new Set<DeadLetterClass>([
  "empty",
  "too_large",
  "malformed_json",
  "schema",
  "too_old",
]);

/** Registers `ops dlq list|show|replay`. */
export function registerDlq(program: Command, io: CliIo): void {
  const dlq = program
    .command("dlq")
    .description("Look at dead letters and put them back")
    .addHelpText(
      "after",
      `
Examples:
  ops dlq list --class schema
  ops dlq show events/3/4711 --payload > fixed.json
  ops dlq replay events/3/4711 --edit fixed.json
${EXIT_HELP}`,
    );
  const classes = DEAD_LETTER_CLASSES.join(", ");
  const withFilter = (command: Command, limit: number, order: string) =>
    command
      .option("--class <class>", `only this class: ${classes}`)
      .option("--from <time>", "only letters appended from this time on (ISO 8601)", parseTime)
      .option("--to <time>", "only letters appended before this time (ISO 8601)", parseTime)
      .option("--limit <n>", `at most this many, ${order}`, parseCount, limit)
      .option("--json", "print JSON, one object a line");

  withFilter(dlq.command("list").description("List dead letters, newest first"), 50, "the newest first")
    .option("--oldest-first", "the oldest first instead")
    .addHelpText(
      "after",
      "\nExamples:\n  ops dlq list --class schema --from 2026-05-01\n  ops dlq list --json | jq .reason",
    )
    .action((flags: ListFlags) => runCommand(io, (services) => list(services, flags)));

  dlq
    .command("show <position>")
    .description("Show one dead letter with headers and payload; a position is topic/partition/offset")
    .option("--payload", "write the payload's bytes as they are and nothing else, for editing")
    .addHelpText(
      "after",
      "\nExamples:\n  ops dlq show events/3/4711\n  ops dlq show events/3/4711 --payload > fixed.json",
    )
    .action((position: string, flags: { payload?: boolean }) =>
      runCommand(io, (services) => show(services, position, flags.payload ?? false)),
    );

  const replayCommand = dlq.command("replay [positions...]").description("Put dead letters back on the events topic");
  withFilter(replayCommand, 10_000, "the oldest first")
    .option("--all", "every letter that was not put back yet")
    .option("--edit <file>", "put back these bytes instead (- for standard input); exactly one letter")
    .option("--unrepaired", "with --yes: also what will be refused again, because its bytes are wrong")
    .option("--again", "also letters that were put back before")
    .option("--dry-run", "only show what would be put back")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      `
An event that is put back counts once, however often: copies of one event_id are one event.
Letters of the classes ${[...REFUSED_AGAIN].join(", ")} are refused again unless they are repaired (--edit), or
what refuses them was changed meanwhile.
Examples:
  ops dlq replay --class rejected_by_store --dry-run
  ops dlq replay events/3/4711 --yes
  ops dlq replay events/3/4711 --edit fixed.json
${EXIT_HELP}`,
    )
    .action((positions: string[], flags: ReplayFlags) =>
      runCommand(io, (services) => replay(services, positions, flags)),
    );
}

function toFilter(flags: FilterFlags): LetterFilter {
  if (flags.class !== undefined && !DEAD_LETTER_CLASSES.some((name) => name === flags.class)) {
    throw new CommandError(EXIT.usage, `unknown class ${flags.class}`, `use one of ${DEAD_LETTER_CLASSES.join(", ")}`);
  }
  return {
    ...(flags.class === undefined ? {} : { errorClass: flags.class }),
    ...(flags.from === undefined ? {} : { fromMs: flags.from }),
    ...(flags.to === undefined ? {} : { toMs: flags.to }),
  };
}

async function list({ clickhouse, io }: Services, flags: ListFlags): Promise<ExitCode> {
  const page = { limit: flags.limit, newestFirst: !flags.oldestFirst };
  const { rows, total } = await findLetters(clickhouse, toFilter(flags), page);
  if (flags.json) for (const row of rows) io.out(JSON.stringify(letterToJson(row)));
  else io.out(renderLetters(rows, total));
  return EXIT.ok;
}

async function show({ clickhouse, io }: Services, text: string, payloadOnly: boolean): Promise<ExitCode> {
  const letters = await loadLetters(clickhouse, toPosition(text));
  if (letters.length === 0) throw notFound(text);
  for (const letter of letters) {
    if (payloadOnly) io.outBytes(letter.payload);
    else io.out(renderLetter(letter));
  }
  return EXIT.ok;
}

function toPosition(text: string) {
  const position = parsePosition(text);
  if (position === undefined) {
    throw new CommandError(
      EXIT.usage,
      `${text} is no position`,
      "write topic/partition/offset, as `ops dlq list` shows it",
    );
  }
  return position;
}

const notFound = (text: string) =>
  new CommandError(EXIT.usage, `there is no dead letter at ${text}`, "`ops dlq list` shows what there is");

async function replay(services: Services, positions: string[], flags: ReplayFlags): Promise<ExitCode> {
  const { io, config } = services;
  const selected = await select(services, positions, flags);
  const edited = flags.edit === undefined ? undefined : await readEdited(io, flags.edit);
  if (edited !== undefined && selected.length !== 1) {
    throw new CommandError(
      EXIT.usage,
      `--edit goes with one letter, ${selected.length} are selected`,
      "name one position",
    );
  }
  const skipped = flags.again ? [] : selected.filter((row) => row.replayedMs !== undefined);
  const rows = selected.filter((row) => !skipped.includes(row));
  reportSkipped(io, skipped);
  const hopeless = edited === undefined ? rows.filter((row) => REFUSED_AGAIN.has(row.errorClass)) : [];
  if (hopeless.length > 0) {
    const names = [...new Set(hopeless.map((row) => row.errorClass))].sort().join(", ");
    io.err(
      `warning: ${formatCount(hopeless.length)} of them (${names}) will be refused again: their bytes are not repaired`,
    );
  }
  if (rows.length === 0 || flags.dryRun) {
    io.out(renderLetters(rows, rows.length));
    io.out(
      rows.length === 0 ? "nothing to put back" : `would be put back on ${config.KAFKA_EVENTS_TOPIC}; nothing was done`,
    );
    return EXIT.ok;
  }
  if (hopeless.length > 0 && flags.yes && !flags.unrepaired) {
    throw new CommandError(
      EXIT.usage,
      "unrepaired messages, nothing was done",
      "repair one with --edit, choose others with --class, or add --unrepaired to put them back as they are",
    );
  }
  const question = `Put ${formatCount(rows.length)} dead letters back on ${config.KAFKA_EVENTS_TOPIC}?`;
  if (!flags.yes && !(await io.confirm(question))) {
    throw new CommandError(EXIT.usage, "not confirmed, nothing was done", "look with --dry-run, then add --yes");
  }
  let done = 0;
  let failed = 0;
  try {
    await replayLetters(services, config.KAFKA_EVENTS_TOPIC, rows, {
      ...(edited === undefined ? {} : { edited }),
      signal: io.signal,
      onDone: ({ letter, error }) => {
        if (error === undefined) done++;
        else failed++;
        if (error !== undefined) io.err(`${formatPosition(letter)}: ${error}`);
        else if (done % 1_000 === 0) io.err(`${formatCount(done)} of ${formatCount(rows.length)}`);
      },
    });
  } finally {
    // Also of a run that was interrupted, or lost Kafka on its way.
    io.out(`put back: ${formatCount(done)} of ${formatCount(rows.length)}, failed: ${formatCount(failed)}`);
  }
  return failed > 0 ? EXIT.notProven : EXIT.ok;
}

function reportSkipped(io: CliIo, skipped: readonly LetterRow[]): void {
  for (const row of skipped.slice(0, 10)) {
    io.err(`${formatPosition(row)}: already replayed at ${formatTime(row.replayedMs ?? 0)}; use --again`);
  }
  if (skipped.length > 10) io.err(`… and ${formatCount(skipped.length - 10)} more were already replayed; use --again`);
}

async function select({ clickhouse, io }: Services, positions: string[], flags: ReplayFlags) {
  const filter = toFilter(flags);
  if (positions.length > 0) {
    const found = await Promise.all(
      positions.map(async (text) => {
        const { rows } = await findLetters(clickhouse, { ...filter, position: toPosition(text) }, { limit: 10 });
        if (rows.length === 0) throw notFound(text);
        return rows;
      }),
    );
    return found.flat();
  }
  if (Object.keys(filter).length === 0 && !flags.all) {
    throw new CommandError(EXIT.usage, "which dead letters?", "name positions, a filter such as --class, or --all");
  }
  const { rows, total } = await findLetters(
    clickhouse,
    { ...filter, notReplayed: !flags.again },
    { limit: flags.limit },
  );
  if (total > rows.length)
    io.err(`${formatCount(total)} letters match; the oldest ${formatCount(rows.length)} are taken (--limit)`);
  return rows;
}

async function readEdited(io: CliIo, file: string): Promise<Uint8Array> {
  try {
    const bytes = file === "-" ? await io.readStdin() : await Bun.file(file).bytes();
    if (bytes.length === 0) throw new Error("it is empty");
    return bytes;
  } catch (error) {
    throw new CommandError(
      EXIT.usage,
      `--edit ${file}: ${errorMessage(error)}`,
      "name a file with the repaired message",
    );
  }
}
