import { z } from "zod";
import type { Expected, Figures } from "./mutant.ts";
import type { OpsRun } from "./scene.ts";

/** What the checkers' JSON says, as figures by name. */

const tallySchema = z.object({ events: z.number(), checksum: z.string(), money_e4: z.string() });
const verifySchema = z.object({
  conflicted_ids: z.number(),
  partitions: z.array(z.object({ missing: z.number(), ambiguous: z.number(), impossible: z.number() })),
  differences: z.array(z.object({ check: z.string(), expected: tallySchema, found: tallySchema })),
  other_differences: z.array(z.string()),
  unproven: z.array(z.unknown()),
  unsettled: z.array(z.unknown()),
  in_motion: z.array(z.unknown()),
  dead_instances: z.array(z.unknown()),
  behind: z.array(z.object({ committed: z.number().optional(), end: z.number() })),
});
const auditSchema = z.object({
  behind: z.array(z.object({ committed: z.number().optional(), end: z.number() })),
  defects: z.record(z.string(), z.number()),
  dead_letter_defects: z.number(),
  unseen: z.object({ gone_rows: z.number(), gone_letters: z.number(), deleted: z.array(z.unknown()) }),
});

/** What a checker answered. */
export type Answer = { readonly exit: number; readonly figures: Readonly<Record<string, number>> };

const messagesBehind = (behind: readonly { committed?: number | undefined; end: number }[]) =>
  behind.reduce((sum, { committed, end }) => sum + end - (committed ?? 0), 0);

/** @throws {Error} when the command has printed no report. */
export function verifyAnswer(run: OpsRun): Answer {
  const report = verifySchema.parse(parse(run));
  const figures: Record<string, number> = {};
  const add = (name: string, count: number) => {
    if (count !== 0) figures[name] = (figures[name] ?? 0) + count;
  };
  for (const { check, expected, found } of report.differences) {
    add(`${check}_missing`, Math.max(0, expected.events - found.events));
    add(`${check}_surplus`, Math.max(0, found.events - expected.events));
    if (expected.events === found.events) add(`${check}_altered`, 1);
  }
  let sentences = report.other_differences.length - (report.conflicted_ids > 0 ? 1 : 0);
  for (const { missing, ambiguous, impossible } of report.partitions) {
    add("offsets_missing", missing);
    add("offsets_both", ambiguous);
    add("offsets_impossible", impossible);
    sentences -= [missing, ambiguous, impossible].filter((count) => count > 0).length;
  }
  add("conflicts", report.conflicted_ids);
  add("other", sentences);
  add("unproven", report.unproven.length);
  add("unsettled", report.unsettled.length);
  add("in_motion", report.in_motion.length);
  add("open_ledgers", report.dead_instances.length);
  add("behind", messagesBehind(report.behind));
  return { exit: run.code, figures };
}

/** @throws {Error} when the command has printed no report. */
export function auditAnswer(run: OpsRun): Answer {
  const report = auditSchema.parse(parse(run));
  const { gone_rows, gone_letters, deleted } = report.unseen;
  const figures = {
    ...report.defects,
    letters: report.dead_letter_defects,
    unseen: gone_rows + gone_letters + deleted.length,
    behind: messagesBehind(report.behind),
  };
  return { exit: run.code, figures: Object.fromEntries(Object.entries(figures).filter(([, count]) => count !== 0)) };
}

function parse(run: OpsRun): unknown {
  if (run.stdout === "") throw new Error(`no report (exit ${run.code}): ${run.stderr}`);
  return JSON.parse(run.stdout);
}

/** Why an answer is not the expected one; undefined when it is. */
export function mismatch(expected: Expected, answer: Answer): string | undefined {
  const wanted: Figures = expected.figures ?? {};
  const names = new Set([...Object.keys(wanted), ...Object.keys(answer.figures)]);
  const wrong = [...names].flatMap((name) => {
    const want = wanted[name] ?? 0;
    const have = answer.figures[name] ?? 0;
    return want === "any" || (want === "+" ? have > 0 : want === have) ? [] : [`${name} ${have}, expected ${want}`];
  });
  if (answer.exit !== expected.exit) wrong.unshift(`exit ${answer.exit}, expected ${expected.exit}`);
  return wrong.length === 0 ? undefined : wrong.join("; ");
}

const VERDICTS: Readonly<Record<number, string>> = { 0: "EXACT", 1: "DIFFERENT", 3: "NOT PROVEN" };

/** One cell of the table. */
export function describeAnswer({ exit, figures }: Answer): string {
  const counted = Object.entries(figures).map(([name, count]) => `${name.replaceAll("_", " ")} ${count}`);
  return [`${VERDICTS[exit] ?? "?"} (${exit})`, ...counted].join(", ");
}
