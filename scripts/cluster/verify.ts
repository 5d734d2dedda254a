import { NAMESPACE } from "./settings.ts";
import type { Cluster } from "./shell.ts";
import { waitJob } from "./wait.ts";

type Pods = {
  items: {
    metadata: { name: string };
    status: { containerStatuses?: { state: { terminated?: { exitCode: number } } }[] };
  }[];
};

/** What the verification said; the code is that of `ops verify`: 0 exact, 1 differences, 3 not proven. */
export type Verdict = { code: number; output: string };

/** Runs the chart's CronJob `verify` once, now. @throws CommandFailed when the job does not end in time. */
export async function verify(cluster: Cluster): Promise<Verdict> {
  const name = `verify-${Date.now().toString(36)}`;
  await cluster.kubectl(["create", "job", name, "--from=cronjob/verify", "-n", NAMESPACE.app]);
  await waitJob(cluster, name, { namespace: NAMESPACE.app, timeoutMs: cluster.settings.timeoutMs });
  const pods = await cluster.get<Pods>(["pods", "-n", NAMESPACE.app, "-l", `job-name=${name}`]);
  const pod = pods?.items[0];
  const output = pod ? await cluster.kubectl(["logs", "-n", NAMESPACE.app, pod.metadata.name]) : "";
  const code = pod?.status.containerStatuses?.[0]?.state.terminated?.exitCode ?? 3;
  return { code, output };
}
