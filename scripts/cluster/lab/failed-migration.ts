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

/** The shortest time a migration may be given, and a ClickHouse that is not there. */
const HOPELESS = { "migrate.activeDeadlineSeconds": 60, "migrate.env": { CLICKHOUSE_URL: "http://nowhere:8123" } };
const waiting = (describe: string) => ({ timeoutMs: 150_000, intervalMs: 2_000, describe });

/** A migration that cannot succeed gives up; the same upgrade runs it again, and the next one that can does it. */
export async function failedMigration({ cluster, tags }: Context): Promise<string> {
  await installApp(cluster, tags[0], HOPELESS);
  const failed = await waitFor(async () => (await failedJobs(cluster))[0], waiting("a migration that gives up"));
  await installApp(cluster, tags[0], HOPELESS);
  const again = await waitFor(
    async () => (await failedJobs(cluster)).find((name) => name !== failed),
    waiting("the same upgrade to run it again"),
  );
  await installApp(cluster, tags[0]);
  await waitForApp(cluster);
  return `${failed} and ${again} failed; the next upgrade's was done`;
}
