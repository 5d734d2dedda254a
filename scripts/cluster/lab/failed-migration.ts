import { waitFor } from "../../testkit/process/wait-for.ts";
import { NAMESPACE, podsOf } from "../settings.ts";
import type { Cluster } from "../shell.ts";
import { installApp, waitForApp } from "../up.ts";
import type { Context } from "./context.ts";

type Jobs = { items: { metadata: { name: string }; status?: { conditions?: { type: string; status: string }[] } }[] };

/** Names of the migrations that have failed. */
async function failedJobs(cluster: Cluster): Promise<string[]> {
  const jobs = await cluster.get<Jobs>(["job", "-n", NAMESPACE.app, "-l", podsOf("migrate")]);
  return (jobs?.items ?? [])
    .filter(({ status }) => status?.conditions?.some((one) => one.type === "Failed" && one.status === "True"))
    .map(({ metadata }) => metadata.name);
}

/** A migration that runs out of time fails; the same upgrade runs it again, and the next one with time enough does it. */
export async function failedMigration({ cluster, tags }: Context): Promise<string> {
  await installApp(cluster, tags[0], { "migrate.activeDeadlineSeconds": 1 });
  const failed = await waitFor(async () => failedJobs(cluster).then(([name]) => name), {
    timeoutMs: 60_000,
    intervalMs: 1_000,
    describe: "a migration that fails for want of time",
  });
  await installApp(cluster, tags[0], { "migrate.activeDeadlineSeconds": 1 });
  const again = await waitFor(async () => (await failedJobs(cluster)).find((name) => name !== failed), {
    timeoutMs: 60_000,
    intervalMs: 1_000,
    describe: "the same upgrade to run it again",
  });
  await installApp(cluster, tags[0]);
  await waitForApp(cluster);
  return `${failed} and ${again} failed; the next upgrade's was done`;
}
