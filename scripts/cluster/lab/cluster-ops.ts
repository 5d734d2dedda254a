import { type Context, check, make } from "./context.ts";

/** Each command runs with the rights of its CronJob, and its exit code reaches the shell. */
export async function clusterOps({ env }: Context): Promise<string> {
  const listed = await make("cluster-ops", { ...env, CMD: "dlq list" });
  check(listed.code === 0 && /schema|parse|dead letter/i.test(listed.text), listed.text.slice(-2000));
  const conflicts = await make("cluster-ops", { ...env, CMD: "conflicts list" });
  check(conflicts.code === 0, conflicts.text.slice(-2000));
  const resolved = await make("cluster-ops", { ...env, CMD: "conflicts resolve --yes" });
  check(resolved.code === 0, resolved.text.slice(-2000));
  const replayed = await make("cluster-ops", { ...env, CMD: "dlq replay --class schema --unrepaired --yes" });
  check(replayed.code === 0, replayed.text.slice(-2000));
  const audit = await make("cluster-ops", { ...env, CMD: "verify --audit" });
  check(audit.code === 0, audit.text.slice(-2000));
  const nonsense = await make("cluster-ops", { ...env, CMD: "dlq lsit" });
  check(nonsense.code !== 0 && /unknown command/.test(nonsense.text), nonsense.text.slice(-500));
  const nothing = await make("cluster-ops", env);
  check(nothing.code !== 0 && /make cluster-ops CMD=/.test(nothing.text), nothing.text.slice(-500));
  return "dlq list, conflicts list and resolve, dlq replay, verify --audit";
}
