import type { Lag } from "./lag.ts";
import type { Reads } from "./reads.ts";
import { type Backlog, backlog, type Freshness, freshness } from "./status.ts";
import { lastProven, latestRuns, PROOF_LAG_MS, type ProofState, proofState, type RunRow } from "./verification.ts";

/** `ok`: nothing to do. `warn`: look when there is time. `bad`: act now. `idle`: nothing was ever stored. */
export type Level = "ok" | "warn" | "bad" | "idle";

export type Finding = { level: "warn" | "bad"; text: string; href: string };

/** How the pipeline is, in one look. */
export type Overview = {
  nowMs: number;
  level: Level;
  findings: Finding[];
  freshness: Freshness;
  lag: Lag | undefined;
  /** Newest run of each proof. */
  runs: RunRow[];
  /** The latest moment that any verification has proven, Unix ms, whatever came of those after it. */
  lastProvenMs: number | undefined;
  /** How far the continuous audit has come; undefined where none has saved anything. */
  proof: ProofState | undefined;
  backlog: Backlog;
};

/** Seconds. */
export type OverviewLimits = { freshnessWarn: number; freshnessBad: number; proofStale: number };

export async function loadOverview(
  reads: Reads,
  limits: OverviewLimits,
  now: { nowMs: number; lag: Lag | undefined },
): Promise<Overview> {
  const [fresh, runs, lastProvenMs, proof, open] = await Promise.all([
    freshness(reads, now.nowMs),
    latestRuns(reads),
    lastProven(reads),
    proofState(reads),
    backlog(reads, now.nowMs),
  ]);
  const parts = { nowMs: now.nowMs, freshness: fresh, lag: now.lag, runs, lastProvenMs, proof, backlog: open };
  return { ...parts, ...judge(parts, limits) };
}

/** The worst finding decides the level. Pure. */
export function judge(
  parts: Omit<Overview, "level" | "findings">,
  limits: OverviewLimits,
): Pick<Overview, "level" | "findings"> {
  const findings = [
    ...freshnessFindings(parts.freshness, parts.lag, limits),
    ...lagFindings(parts.lag),
    ...proofFindings(parts.proof, parts.nowMs),
    ...parts.runs.flatMap((run) => runFindings(run, parts.nowMs, limits)),
    ...alertFindings(parts.backlog),
  ].sort((a, b) => Number(b.level === "bad") - Number(a.level === "bad"));
  const empty = parts.freshness.newestEventMs === undefined;
  const worst = findings[0]?.level;
  return { level: worst ?? (empty ? "idle" : "ok"), findings };
}

function freshnessFindings({ ageMs }: Freshness, lag: Lag | undefined, limits: OverviewLimits): Finding[] {
  if (ageMs === undefined) return [];
  const seconds = Math.floor(ageMs / 1000);
  if (seconds < limits.freshnessWarn) return [];
  const text = `No new event for ${duration(ageMs)}`;
  // Without waiting messages nobody may be producing; with them it is the consumers' fault, and certain sooner. The first
  // message after a pause waits for a moment, too.
  if (lag !== undefined && "messages" in lag && lag.messages > 0 && lag.stillMs !== undefined) {
    const count = lag.messages.toLocaleString("en-US");
    return [{ level: "bad", text: `${text}, though ${count} messages wait: the consumers do not work`, href: "/" }];
  }
  return [{ level: seconds < limits.freshnessBad ? "warn" : "bad", text, href: "/" }];
}

function lagFindings(lag: Lag | undefined): Finding[] {
  if (lag === undefined) return [];
  if ("messages" in lag) {
    if (lag.stuckMs === undefined) return [];
    const waiting = lag.messages.toLocaleString("en-US");
    const text = `Nothing was consumed for ${duration(lag.stuckMs)} while messages arrive: ${waiting} wait`;
    return [{ level: "warn", text, href: "/" }];
  }
  return [{ level: "warn", text: `Kafka does not answer (${lag.error}): the lag is not known`, href: "/" }];
}

function proofFindings(proof: ProofState | undefined, nowMs: number): Finding[] {
  if (proof === undefined) return [];
  const href = "/verification";
  if (proof.different > 0) return [{ level: "bad", text: "The continuous audit stands at a difference", href }];
  const { provenUntilMs } = proof;
  if (provenUntilMs !== undefined && nowMs - provenUntilMs <= PROOF_LAG_MS) return [];
  const since = provenUntilMs === undefined ? "" : ` of the last ${duration(nowMs - provenUntilMs)}`;
  return [{ level: "warn", text: `The messages${since} are not proven yet`, href }];
}

function runFindings(run: RunRow, nowMs: number, limits: OverviewLimits): Finding[] {
  const href = `/verification/${run.runId}`;
  const name = run.kind === "audit" ? "The audit" : "Verification";
  if (run.verdict === "different") {
    const what = `${run.missing} missing, ${run.surplus} surplus, ${run.conflicts} conflicts`;
    return [{ level: "bad", text: `${name} found differences: ${what}`, href }];
  }
  if (run.verdict === "not_proven") return [{ level: "warn", text: `${name} could not prove the counts`, href }];
  // An audit reads the whole topic and is run now and then; only verify is expected to go on.
  if (run.kind === "verify" && nowMs - run.runAtMs > limits.proofStale * 1000) {
    return [{ level: "warn", text: `The last verification is ${duration(nowMs - run.runAtMs)} old`, href }];
  }
  return [];
}

function alertFindings({ firingAlerts, firingCritical }: Backlog): Finding[] {
  if (firingAlerts === 0) return [];
  const text = firingAlerts === 1 ? "1 alert is firing" : `${firingAlerts} alerts are firing`;
  return [{ level: firingCritical > 0 ? "bad" : "warn", text, href: "/alerts?status=firing" }];
}

/** `42 s`, `7 min`, `3 h`, `2 d`. */
export function duration(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
