import { type Command, Option } from "commander";
import { EXIT, EXIT_HELP, type ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { parseCount, parseDuration } from "../cli/options.ts";
import { CommandError, runCommand, type Services } from "../cli/services.ts";
import { formatCount, formatMinute, formatTime, renderTable } from "../cli/table.ts";
import { readRawHorizon } from "../verify/queries.ts";
import {
  type Conflict,
  type ConflictKey,
  type Plan,
  planConflict,
  planRecorded,
  readConflicts,
  readRecorded,
} from "./conflicts.ts";
import { dropKeys, waitForViews } from "./resolve.ts";

type ListFlags = { limit: number; json?: boolean };
type ResolveFlags = { limit: number; dryRun?: boolean; yes?: boolean; recorded?: boolean; wait: number };

/** Registers `ops conflicts list|resolve`. */
export function registerConflicts(program: Command, io: CliIo): void {
  const conflicts = program
    .command("conflicts")
    .description("event_ids that were seen under more than one minute, source or type")
    .addHelpText(
      "after",
      `\nExamples:\n  ops conflicts list\n  ops conflicts resolve --dry-run\n  ops conflicts resolve --yes\n${EXIT_HELP}`,
    );

  conflicts
    .command("list [ids...]")
    .description("List conflicts; the copy that was appended first is marked")
    .option("--limit <n>", "at most this many event_ids", parseCount, 100)
    .option("--json", "print JSON, one event_id a line")
    .addHelpText("after", "\nExamples:\n  ops conflicts list\n  ops conflicts list --json | jq .event_id")
    .action((ids: string[], flags: ListFlags) => runCommand(io, (services) => list(services, ids, flags)));

  conflicts
    .command("resolve [ids...]")
    .description("Keep the copy that was appended first, delete the others, recompute the touched minutes")
    .option("--limit <n>", "at most this many event_ids", parseCount, 10_000)
    .option("--dry-run", "only show what would be done")
    .option("--yes", "do not ask")
    .option("--recorded", "only drop again what was dropped before and has come back, without asking")
    .addOption(
      new Option("--wait <duration>", "how long to wait for the views").argParser(parseDuration).default(60_000, "60s"),
    )
    .addHelpText(
      "after",
      `\nReading the topic again (ops rewind) brings resolved conflicts back: the dropped copies are read with the rest.\nWhat was dropped is recorded; --recorded drops the same copies again.\n\nExamples:\n  ops conflicts resolve --dry-run\n  ops conflicts resolve --recorded\n  ops conflicts resolve 7f1d0000-1111-4222-8333-444455556666 --yes\n${EXIT_HELP}`,
    )
    .action((ids: string[], flags: ResolveFlags) => runCommand(io, (services) => resolve(services, ids, flags)));
}

function checkIds(ids: readonly string[]): string[] {
  return ids.map((id) => {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
      throw new CommandError(EXIT.usage, `${id} is no event_id`, "`ops conflicts list` shows them");
    return id.toLowerCase();
  });
}

async function list({ clickhouse, io }: Services, ids: string[], flags: ListFlags): Promise<ExitCode> {
  const { conflicts, total } = await readConflicts(clickhouse, { ids: checkIds(ids), limit: flags.limit });
  const horizon = await readRawHorizon(clickhouse);
  const plans = conflicts.map((conflict) => ({ conflict, plan: planConflict(conflict, horizon) }));
  if (flags.json) for (const { conflict, plan } of plans) io.out(JSON.stringify(toJson(conflict, plan)));
  else io.out(`${renderPlans(plans)}\n${formatCount(conflicts.length)} of ${formatCount(total)} conflicting event_ids`);
  return EXIT.ok;
}

type Planned = { conflict: Conflict; plan: Plan };

function fate(plan: Plan, key: ConflictKey): string {
  if (plan.kind === "expired") return "beyond retention";
  if (plan.keep === key) return "keep";
  return key.copy === undefined ? "index only" : "delete";
}

function renderPlans(plans: readonly Planned[]): string {
  return renderTable(
    ["EVENT_ID", "MINUTE (UTC)", "SOURCE", "TYPE", "PARTITION/OFFSET", "APPENDED", "RESOLVE WOULD"].map((title) => ({
      title,
    })),
    plans.flatMap(({ conflict, plan }) =>
      conflict.keys.map((key) => [
        key.eventId,
        formatMinute(key.minute),
        key.source,
        key.eventType,
        key.copy === undefined ? "" : `${key.copy.partition}/${key.copy.offset}`,
        key.copy === undefined ? "" : formatTime(key.copy.appendMs),
        fate(plan, key),
      ]),
    ),
  );
}

function toJson({ eventId, keys }: Conflict, plan: Plan) {
  return {
    event_id: eventId,
    plan: plan.kind,
    keys: keys.map((key) => ({
      minute: new Date(key.minute * 1000).toISOString(),
      source: key.source,
      event_type: key.eventType,
      partition: key.copy?.partition ?? null,
      offset: key.copy?.offset ?? null,
      append_time: key.copy === undefined ? null : formatTime(key.copy.appendMs),
      resolve: fate(plan, key),
    })),
  };
}

async function planAll(
  clickhouse: Services["clickhouse"],
  ids: readonly string[],
  { limit, recorded }: ResolveFlags,
): Promise<{ plans: Planned[]; total: number }> {
  if (recorded) {
    const known = await readRecorded(clickhouse);
    const wanted = ids.length === 0 ? known.ids : known.ids.filter((id) => ids.includes(id));
    if (wanted.length === 0) return { plans: [], total: 0 };
    const { conflicts, total } = await readConflicts(clickhouse, { ids: wanted.slice(0, limit), limit });
    const plans = conflicts.flatMap((conflict) => {
      const plan = planRecorded(conflict, known.keys);
      return plan === undefined ? [] : [{ conflict, plan }];
    });
    return { plans, total };
  }
  const { conflicts, total } = await readConflicts(clickhouse, { ids, limit });
  const horizon = await readRawHorizon(clickhouse);
  return { plans: conflicts.map((conflict) => ({ conflict, plan: planConflict(conflict, horizon) })), total };
}

async function resolve(services: Services, ids: string[], flags: ResolveFlags): Promise<ExitCode> {
  const { clickhouse, io } = services;
  const { plans, total } = await planAll(clickhouse, checkIds(ids), flags);
  const drop = plans.flatMap(({ plan }) => (plan.kind === "expired" ? [] : plan.drop));
  const expired = plans.filter(({ plan }) => plan.kind === "expired");
  if (plans.length === 0) {
    io.out(flags.recorded ? "nothing that was dropped before has come back" : "no conflicts");
    return EXIT.ok;
  }
  io.out(renderPlans(plans));
  if (flags.dryRun) {
    io.out("nothing was done");
    return EXIT.ok;
  }
  if (drop.length > 0) {
    const question = `Delete ${formatCount(drop.length)} conflicting copies for good?`;
    if (!flags.yes && !flags.recorded && !(await io.confirm(question))) {
      throw new CommandError(EXIT.usage, "not confirmed, nothing was done", "look with --dry-run, then add --yes");
    }
    const progress = (done: number) => io.err(`deleted ${formatCount(done)} of ${formatCount(drop.length)}`);
    const goneAt = await dropKeys(clickhouse, drop, progress);
    if (!(await waitForViews(services, goneAt, io.clock.now() + flags.wait))) {
      const next = "`ops verify` shows when they have; check that the refreshable views run (system.view_refreshes)";
      throw new CommandError(EXIT.notProven, "deleted, but the views have not recomputed the minutes yet", next);
    }
  }
  io.out(
    `resolved ${formatCount(plans.length - expired.length)} of ${formatCount(total)} conflicting event_ids; the views show it`,
  );
  if (expired.length === 0) return EXIT.ok;
  io.err(`${formatCount(expired.length)} cannot be resolved: the raw events of a key are beyond the retention`);
  return EXIT.notProven;
}
