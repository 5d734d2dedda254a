import { AppError, errorMessage } from "../../shared/runtime/errors.ts";
import type { Finding } from "../../shared/runtime/finding.ts";
import { sayIfSlow } from "../../shared/runtime/say-if-slow.ts";
import { EXIT, type ExitCode } from "../cli/exit-codes.ts";

/** What a check came to. */
export type Outcome =
  /** Looked at; `found` says what was seen, findings what is wrong with it. */
  | { found: string; findings: readonly Finding[] }
  /** Wrong, and what needs this check cannot be looked at. */
  | { broken: Finding }
  /** Could not be looked at. */
  | { unchecked: string; code: string; next: string }
  /** Nothing to look at: not configured, or not this login's business. */
  | { skipped: string };

export type Check = {
  /** As it is shown, e.g. `kafka topics`. Unique. */
  name: string;
  /** Names of checks that must have worked before. */
  needs?: readonly string[];
  /** The variable with the address of what is asked, for when no answer comes. */
  variable?: string;
  run(): Promise<Outcome>;
};

export type Status = "right" | "wrong" | "warning" | "unchecked" | "skipped";

/** One line of the result. */
export type Row = { check: string; status: Status; code: string; found: string; next: string };

/** A check that takes longer says that it is under way, ms. */
const SLOW_MS = 2_000;

/**
 * Runs the checks one after the other. What a failure of the connection leaves unknown is said to be unknown; a failure
 * inside another check makes that check unknown, and no more.
 */
export async function runChecks(checks: readonly Check[], onSlow: (text: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  const failed = new Set<string>();
  for (const check of checks) {
    const cause = check.needs?.find((name) => failed.has(name));
    if (cause !== undefined) {
      failed.add(check.name);
      rows.push(row(check.name, "unchecked", "NOT_CHECKED", `not looked at: ${cause} comes first`, ""));
      continue;
    }
    const outcome = await sayIfSlow(outcomeOf(check), SLOW_MS, () => {
      onSlow(check.variable ? `${check.name} (${check.variable})` : check.name);
    });
    if ("broken" in outcome || "unchecked" in outcome) failed.add(check.name);
    rows.push(...rowsOf(check.name, outcome));
  }
  return rows;
}

/** 1 when anything is wrong, 3 when nothing is but something could not be looked at. Warnings do not count. */
export function exitCodeOf(rows: readonly Row[]): ExitCode {
  if (rows.some(({ status }) => status === "wrong")) return EXIT.different;
  return rows.some(({ status }) => status === "unchecked") ? EXIT.notProven : EXIT.ok;
}

async function outcomeOf(check: Check): Promise<Outcome> {
  try {
    return await check.run();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { unchecked: errorMessage(error), code: error.code, next: error.next ?? "run the command again" };
  }
}

function rowsOf(check: string, outcome: Outcome): Row[] {
  if ("skipped" in outcome) return [row(check, "skipped", "", outcome.skipped, "")];
  if ("unchecked" in outcome) return [row(check, "unchecked", outcome.code, outcome.unchecked, outcome.next)];
  if ("broken" in outcome) return rowsOf(check, { found: "", findings: [outcome.broken] });
  if (outcome.findings.length === 0) return [row(check, "right", "", outcome.found, "")];
  return outcome.findings.map(({ severity, code, found, next }) => row(check, severity, code, found, next));
}

const row = (check: string, status: Status, code: string, found: string, next: string): Row => ({
  check,
  status,
  code,
  found,
  next,
});
