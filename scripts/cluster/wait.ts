import { diagnose } from "./diagnose.ts";
import { type Cluster, CommandFailed } from "./shell.ts";
import { say } from "./ui.ts";

export type Waiting = {
  /** What is waited for, in words. */
  what: string;
  namespace: string;
  /** Label selector of the pods to look at when it does not come; empty: all of the namespace. */
  pods?: string;
  timeoutMs: number;
  /** Pause between two looks, ms; default 2 000. */
  intervalMs?: number;
};

/**
 * Looks until `check` yields `true`; any other string says what is still missing and is shown when it changes.
 * @throws CommandFailed at the deadline, after printing events, states and logs of the pods concerned.
 */
export async function waitUntil(
  cluster: Cluster,
  waiting: Waiting,
  check: () => Promise<true | string>,
): Promise<void> {
  const deadline = performance.now() + waiting.timeoutMs;
  let shown = "";
  for (;;) {
    const state = await check();
    if (state === true) return;
    if (state !== shown) say(`  waiting for ${waiting.what}: ${state}`);
    shown = state;
    if (performance.now() >= deadline) {
      await diagnose(cluster, waiting.namespace, waiting.pods);
      const limit = Math.round(waiting.timeoutMs / 1000);
      throw new CommandFailed(`${waiting.what} did not come up within ${limit} s: ${state}`);
    }
    await Bun.sleep(waiting.intervalMs ?? 2_000);
  }
}

type Workload = {
  metadata: { generation?: number };
  spec: { replicas?: number };
  status?: { observedGeneration?: number; replicas?: number; updatedReplicas?: number; readyReplicas?: number };
};

/** Waits until a Deployment or StatefulSet runs only ready pods of its newest version. `resource` as `deployment/NAME`. */
export async function waitRollout(cluster: Cluster, resource: string, waiting: Omit<Waiting, "what">): Promise<void> {
  await waitUntil(cluster, { ...waiting, what: resource }, async () => {
    const object = await cluster.get<Workload>([resource, "-n", waiting.namespace]);
    if (object === undefined) return "does not exist yet";
    const wanted = object.spec.replicas ?? 1;
    const { observedGeneration, replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = object.status ?? {};
    if (observedGeneration !== object.metadata.generation) return "not seen by its controller yet";
    if (replicas === wanted && updatedReplicas === wanted && readyReplicas === wanted) return true;
    return `${readyReplicas} of ${wanted} ready, ${updatedReplicas} up to date`;
  });
}

type Conditioned = {
  metadata: { generation?: number };
  status?: {
    observedGeneration?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
};

/** Waits until a custom resource reports Ready for its present content. */
export async function waitReady(cluster: Cluster, resource: string, waiting: Omit<Waiting, "what">): Promise<void> {
  await waitUntil(cluster, { ...waiting, what: resource }, async () => {
    const object = await cluster.get<Conditioned>([resource, "-n", waiting.namespace]);
    if (object === undefined) return "does not exist yet";
    const { observedGeneration, conditions = [] } = object.status ?? {};
    const ready = conditions.find((condition) => condition.type === "Ready");
    if (ready?.status === "True" && observedGeneration === object.metadata.generation) return true;
    const problem = conditions.find((condition) => condition.type === "NotReady" || condition.message);
    return problem?.message ?? problem?.reason ?? "no status yet";
  });
}

type Job = {
  status?: { succeeded?: number; failed?: number; conditions?: { type: string; status: string; message?: string }[] };
};

/** Waits until a Job has ended; true when it succeeded. */
export async function waitJob(cluster: Cluster, name: string, waiting: Omit<Waiting, "what">): Promise<boolean> {
  let succeeded = false;
  await waitUntil(cluster, { ...waiting, what: `job/${name}`, pods: `job-name=${name}` }, async () => {
    const job = await cluster.get<Job>([`job/${name}`, "-n", waiting.namespace]);
    if (job === undefined) return "does not exist yet";
    const ended = job.status?.conditions?.find(
      ({ type, status }) => status === "True" && /^(Complete|Failed)$/.test(type),
    );
    if (ended === undefined) return job.status?.failed ? `running, ${job.status.failed} attempts failed` : "running";
    succeeded = ended.type === "Complete";
    return true;
  });
  return succeeded;
}
