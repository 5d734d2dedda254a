import { type Outcome, runOnce } from "./cron-job.ts";
import { type Cluster, Refusal } from "./shell.ts";

const USAGE = `say what to run, as make cluster-ops CMD="dlq list"; CMD="--help" shows the commands`;

/** The arguments in a line as a shell would take them: quotes keep spaces. @throws Refusal on a quote without an end. */
export function splitArguments(line: string): string[] {
  const found = [...line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+|["'].*/g)].map(([part]) => part);
  return found.map((part) => {
    if (/^(?:[^"']|"[^"]*"|'[^']*')*$/.test(part)) return part.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2");
    throw new Refusal(`a quote has no end: ${part}`);
  });
}

/** Which of the chart's CronJobs has the rights for a command, and no more. */
export function componentFor([first, second, ...others]: readonly string[]): string {
  if (first === "lake") return "lake-export";
  if (first === "restore" && [second, ...others].includes("--from-lake")) return "restore";
  return first === "conflicts" && second === "resolve" ? "resolve" : "operate";
}

/**
 * `make cluster-ops CMD="…"`: runs one command of `ops` in the cluster and shows what it says, however long it takes. There
 * nobody answers questions: say --yes.
 */
export async function clusterOps(cluster: Cluster, line: string | undefined): Promise<Outcome> {
  const args = splitArguments(line ?? "");
  if (args.length === 0) throw new Refusal(USAGE);
  return runOnce(cluster, componentFor(args), { args, follow: true });
}
