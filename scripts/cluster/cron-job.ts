import { objectName } from "./settings.ts";
import { type Cluster, Refusal } from "./shell.ts";
import { waitJob, waitUntil } from "./wait.ts";

type Template = {
  metadata?: object;
  spec: { template: { spec: { containers: { args?: string[] }[] } } };
};
type CronJob = { spec: { jobTemplate: Template } };
type Pod = {
  metadata: { name: string };
  status: {
    phase?: string;
    containerStatuses?: { state: { terminated?: { exitCode: number }; waiting?: { reason?: string } } }[];
  };
};

/** What a command said, and its exit code; 3 where the pod left none. What was shown while it ran is not repeated. */
export type Outcome = { code: number; output: string };

export type RunOnceOptions = {
  /** Other arguments than the CronJob's own. */
  args?: readonly string[];
  /** Shows what the command says while it runs, which may take any time. Otherwise it has to end within CLUSTER_TIMEOUT. */
  follow?: boolean;
};

/** The longest that a timer can be; a log is asked for again after it. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Runs a CronJob of our chart once, now.
 * @throws Refusal where there is no such CronJob, CommandFailed when its pod does not start, or the job does not end in time.
 */
export async function runOnce(cluster: Cluster, component: string, options: RunOnceOptions = {}): Promise<Outcome> {
  const { namespace, release } = cluster.settings.target;
  const { args, follow = false } = options;
  const source = objectName(component, release);
  const cronJob = await cluster.get<CronJob>([`cronjob/${source}`, "-n", namespace]);
  if (cronJob === undefined) {
    throw new Refusal(
      `there is no cronjob ${source} in namespace ${namespace}: run make cluster-up, or name the release with CLUSTER_NAMESPACE and CLUSTER_RELEASE`,
    );
  }
  const { metadata, spec } = structuredClone(cronJob.spec.jobTemplate);
  const [container] = spec.template.spec.containers;
  if (container !== undefined && args !== undefined) container.args = [...args];
  const name = `${source}-${Date.now().toString(36)}`;
  const job = { apiVersion: "batch/v1", kind: "Job", metadata: { ...metadata, name, namespace }, spec };
  await cluster.kubectl(["create", "-f", "-"], { input: JSON.stringify(job) });
  const pod = async () =>
    (await cluster.get<{ items: Pod[] }>(["pods", "-n", namespace, "-l", `job-name=${name}`]))?.items[0];
  if (follow) await showLog(cluster, { name, namespace, pod });
  await waitJob(cluster, name, { namespace, timeoutMs: cluster.settings.timeoutMs });
  const ended = await pod();
  const code = terminated(ended)?.exitCode ?? 3;
  const output = ended && !follow ? await cluster.kubectl(["logs", "-n", namespace, ended.metadata.name]) : "";
  return { code, output };
}

type Shown = { name: string; namespace: string; pod: () => Promise<Pod | undefined> };

/** Shows the log of a job as it comes, until its pod has ended. The connection may break off before: then it is asked again. */
async function showLog(cluster: Cluster, { name, namespace, pod }: Shown): Promise<void> {
  const { timeoutMs } = cluster.settings;
  const limits = { what: `the pod of job/${name}`, namespace, pods: `job-name=${name}`, timeoutMs };
  await waitUntil(cluster, limits, async () => hasStarted(await pod()));
  console.error(`job/${name} in namespace ${namespace}; it goes on when this command is interrupted`);
  let since: string[] = [];
  for (;;) {
    const log = ["logs", "-f", "-n", namespace, `job/${name}`, ...since];
    await cluster.tryKubectl(log, { show: true, timeoutMs: LONGEST_MS });
    const brokeOff = new Date(Date.now() - 1_000).toISOString();
    await Bun.sleep(1_000);
    const now = await pod();
    if (now === undefined || terminated(now) !== undefined) return;
    since = [`--since-time=${brokeOff}`];
  }
}

const terminated = (pod: Pod | undefined) => pod?.status.containerStatuses?.[0]?.state.terminated;

function hasStarted(pod: Pod | undefined): true | string {
  if (pod === undefined) return "no pod yet";
  const { phase = "Pending", containerStatuses } = pod.status;
  if (phase !== "Pending") return true;
  return containerStatuses?.[0]?.state.waiting?.reason ?? "Pending";
}
