import { z } from "zod";
import type { EmbeddedPipeline } from "../../testkit/embedded-pipeline.ts";
import type { Scenario } from "./scenario.ts";

/**
 * What the pipeline's own proof says after a scenario. It is independent of the consumer: the audit reads the topic with
 * its own code, verify compares ledger, events, minutes and hours.
 */
export type Judgement = {
  /** Distinct events: of the topic, or of the runner's list where the topic lost messages. */
  readonly events: number;
  /** Events that are missing in the store or in a view; where the topic lost some: those that went unreported. */
  readonly lost: number;
  readonly doubled: number;
  readonly deadLetters: number;
  /** Why the scenario failed; empty: it passed. */
  readonly problems: readonly string[];
  /** Both reports as JSON, for the files of a failed run. */
  readonly evidence: string;
};

const count = z.number().int();
const auditSchema = z.object({
  verdict: z.string(),
  events: count,
  dead_letters: count,
  behind: z.array(z.object({ committed: count.optional(), end: count })),
  defects: z.record(z.string(), count),
  dead_letter_defects: count,
});
const tally = z.object({ events: count });
const verifySchema = z.object({
  verdict: z.string(),
  partitions: z.array(z.object({ missing: count, ambiguous: count, impossible: count })),
  differences: z.array(z.object({ check: z.string(), expected: tally, found: tally })),
  other_differences: z.array(z.string()),
});
type Audit = z.infer<typeof auditSchema>;
type Verify = z.infer<typeof verifySchema>;

/** Generous: a small machine may still work off a backlog. */
const WAIT = "180s";

/** Asks `ops verify --audit` (which closes the ledgers of killed producers) and then `ops verify`. */
export async function judge(
  pipeline: EmbeddedPipeline,
  sent: ReadonlySet<string>,
  expect: NonNullable<Scenario["expect"]>,
): Promise<Judgement> {
  const lossy = expect === "loss_reported" ? ["--allow-unseen"] : [];
  const audit = auditSchema.parse(await askJson(pipeline, ["verify", "--audit", ...lossy, "--wait", WAIT]));
  const verify = verifySchema.parse(await askJson(pipeline, ["verify", "--wait", WAIT]));
  const evidence = JSON.stringify({ audit, verify }, null, 2);
  const common = { doubled: doubled(audit, verify), deadLetters: audit.dead_letters, evidence };
  if (expect === "loss_reported") {
    const { truth, reported, invented } = await compareLoss(pipeline, sent, verify);
    const lost = Math.abs(truth - reported) + invented;
    const problems = [
      ...(lost > 0 ? [`${truth} events are lost, verify reports ${reported}, ${invented} were never sent`] : []),
      ...(audit.verdict === "EXACT" ? [] : [`audit: ${audit.verdict}, of what the topic still has`]),
      ...(verify.verdict === (truth > 0 ? "DIFFERENT" : "EXACT")
        ? []
        : [`verify: ${verify.verdict}, ${truth} are lost`]),
      ...strangeOffsets(verify),
    ];
    console.log(`    ${truth} of ${sent.size} events are not stored; verify reports ${reported}`);
    return { ...common, events: sent.size, lost, problems };
  }
  const problems = [
    ...(audit.verdict === "EXACT" ? [] : [`audit: ${audit.verdict}`]),
    ...(verify.verdict === "EXACT" ? [] : [`verify: ${verify.verdict}`, ...verify.other_differences]),
    ...strangeOffsets(verify),
  ];
  return { ...common, events: audit.events, lost: lost(audit, verify), problems };
}

/** One JSON object from `ops`. @throws {Error} with what it printed when that is none. */
async function askJson(pipeline: EmbeddedPipeline, args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await pipeline.ops([...args, "--json"]);
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`ops ${args.join(" ")} ended with ${code} and no report:\n${stdout}\n${stderr}`);
  }
}

// The checks look at the same events from several sides, so one lost event shows in many: the worst side counts.

function lost(audit: Audit, verify: Verify): number {
  const behind = audit.behind.reduce((sum, { committed, end }) => sum + end - (committed ?? 0), 0);
  const offsets = verify.partitions.reduce((sum, { missing }) => sum + missing, 0);
  const events = (audit.defects.missing ?? 0) + (audit.defects.misplaced ?? 0);
  return Math.max(behind, offsets, events, audit.dead_letter_defects, ...checks.map((check) => short(verify, check)));
}

function doubled(audit: Audit, verify: Verify): number {
  const events = (audit.defects.surplus ?? 0) + (audit.defects.misplaced ?? 0) + (audit.defects.conflict ?? 0);
  return Math.max(events, ...checks.map((check) => excess(verify, check)));
}

const checks = ["ledger", "minute", "hour"];

const short = (verify: Verify, check: string) => sumOf(verify, check, (expected, found) => expected - found);
const excess = (verify: Verify, check: string) => sumOf(verify, check, (expected, found) => found - expected);

function sumOf(verify: Verify, check: string, by: (expected: number, found: number) => number): number {
  return verify.differences
    .filter((key) => key.check === check)
    .reduce((sum, { expected, found }) => sum + Math.max(0, by(expected.events, found.events)), 0);
}

/** The runner's own list against the store, and against what verify says is missing. */
async function compareLoss(pipeline: EmbeddedPipeline, sent: ReadonlySet<string>, verify: Verify) {
  const rows = await pipeline.clickhouse.query<{ id: string }>("SELECT toString(event_id) AS id FROM events");
  const stored = new Set(rows.map(({ id }) => id.toLowerCase()));
  const truth = [...sent].filter((id) => !stored.has(id)).length;
  const invented = [...stored].filter((id) => !sent.has(id)).length;
  return { truth, reported: short(verify, "ledger"), invented };
}

function strangeOffsets({ partitions }: Verify): string[] {
  const sum = (key: "ambiguous" | "impossible") => partitions.reduce((total, partition) => total + partition[key], 0);
  return (["ambiguous", "impossible"] as const)
    .filter((key) => sum(key) > 0)
    .map((key) => `verify: ${sum(key)} ${key} offsets`);
}
