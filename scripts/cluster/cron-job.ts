import { NAMESPACE, objectName } from "./settings.ts";
import { type Cluster, Refusal } from "./shell.ts";
import { waitJob } from "./wait.ts";

type Template = {
  metadata?: object;
  spec: { template: { spec: { containers: { args?: string[] }[] } } };
};
type CronJob = { spec: { jobTemplate: Template } };
type Pods = {
  items: {
    metadata: { name: string };
    status: { containerStatuses?: { state: { terminated?: { exitCode: number } } }[] };
  }[];
};

/** What a command said, and its exit code; 3 where the pod left none. */
export type Outcome = { code: number; output: string };

/**
 * Runs a CronJob of our chart once, now, with other arguments than its own where they are given.
 * @throws Refusal where there is no such CronJob, CommandFailed when the job does not end in time.
 */
export async function runOnce(cluster: Cluster, component: string, args?: readonly string[]): Promise<Outcome> {
  const source = objectName(component);
  const cronJob = await cluster.get<CronJob>([`cronjob/${source}`, "-n", NAMESPACE.app]);
  if (cronJob === undefined) throw new Refusal(`there is no cronjob ${source}: run make cluster-up`);
  const { metadata, spec } = structuredClone(cronJob.spec.jobTemplate);
  const [container] = spec.template.spec.containers;
  if (container !== undefined && args !== undefined) container.args = [...args];
  const name = `${source}-${Date.now().toString(36)}`;
  const job = { apiVersion: "batch/v1", kind: "Job", metadata: { ...metadata, name, namespace: NAMESPACE.app }, spec };
  await cluster.kubectl(["create", "-f", "-"], { input: JSON.stringify(job) });
  await waitJob(cluster, name, { namespace: NAMESPACE.app, timeoutMs: cluster.settings.timeoutMs });
  const pods = await cluster.get<Pods>(["pods", "-n", NAMESPACE.app, "-l", `job-name=${name}`]);
  const pod = pods?.items[0];
  const output = pod ? await cluster.kubectl(["logs", "-n", NAMESPACE.app, pod.metadata.name]) : "";
  const code = pod?.status.containerStatuses?.[0]?.state.terminated?.exitCode ?? 3;
  return { code, output };
}
