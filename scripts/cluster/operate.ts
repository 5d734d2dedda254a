import { NAMESPACE, objectName, podsOf, RELEASE } from "./settings.ts";
import { type Cluster, Refusal } from "./shell.ts";
import { say, step } from "./ui.ts";
import { verify } from "./verify.ts";
import { waitReady, waitRollout, waitUntil } from "./wait.ts";

const CONSUMER = `deployment/${objectName("consumer")}`;

type Topic = { spec: { partitions: number } };

/** Scales the consumer and waits. More consumers than partitions are allowed and said to be idle. */
export async function scale(cluster: Cluster, text: string | undefined): Promise<void> {
  if (!text || !/^\d{1,3}$/.test(text)) throw new Refusal("say how many consumers: make cluster-scale N=3");
  const topic = await cluster.get<Topic>(["kafkatopic/events", "-n", NAMESPACE.app]);
  const partitions = topic?.spec.partitions ?? 0;
  if (partitions > 0 && Number(text) > partitions) {
    say(
      `the topic events has ${partitions} partitions: ${Number(text) - partitions} of ${text} consumers will be idle`,
    );
  }
  if ((await cluster.get([CONSUMER, "-n", NAMESPACE.app])) === undefined) {
    throw new Refusal(`there is no ${CONSUMER}: run make cluster-up`);
  }
  await cluster.kubectl(["scale", CONSUMER, `--replicas=${text}`, "-n", NAMESPACE.app]);
  await settled(cluster, CONSUMER, podsOf("consumer"));
  say(`${text} consumers are ready`);
}

const settled = (cluster: Cluster, resource: string, pods: string) =>
  waitRollout(cluster, resource, { namespace: NAMESPACE.app, pods, timeoutMs: cluster.settings.timeoutMs });

type Pods = {
  items: {
    metadata: { name: string; uid: string };
    status?: { conditions?: { type: string; status: string }[] };
  }[];
};

/** What the chaos run and the laboratory delete; `back` is what must hold besides the pods themselves. */
export type Victim = { name: string; selector: string; back: (cluster: Cluster) => Promise<void> };

export const VICTIMS: readonly Victim[] = [
  {
    name: "a consumer",
    selector: podsOf("consumer"),
    back: (cluster) => settled(cluster, CONSUMER, podsOf("consumer")),
  },
  {
    name: "the broker",
    selector: `strimzi.io/name=${RELEASE}-kafka`,
    back: (cluster) => {
      const limits = { namespace: NAMESPACE.app, timeoutMs: cluster.settings.timeoutMs };
      return waitReady(cluster, `kafka/${RELEASE}`, { ...limits, pods: `strimzi.io/cluster=${RELEASE}` });
    },
  },
  {
    name: "ClickHouse",
    selector: "app.kubernetes.io/name=clickhouse",
    back: (cluster) => settled(cluster, "statefulset/clickhouse", "app.kubernetes.io/name=clickhouse"),
  },
];

/**
 * Deletes the victim's first pod at once, as a crash would, waits until it is replaced, and resolves with its name.
 * Right after the deletion a workload's status still counts the pod that is gone, so the pods themselves are looked at.
 */
export async function deleteVictim(cluster: Cluster, { name, selector, back }: Victim): Promise<string> {
  const podsNow = async () => (await cluster.get<Pods>(["pods", "-n", NAMESPACE.app, "-l", selector]))?.items ?? [];
  const before = await podsNow();
  const pod = before[0]?.metadata;
  if (pod === undefined) throw new Refusal(`no pod matches ${selector}`);
  await cluster.kubectl(["delete", "pod", pod.name, "-n", NAMESPACE.app, "--grace-period=0", "--force"]);
  const waiting = { what: `${name} to be back`, namespace: NAMESPACE.app, pods: selector };
  await waitUntil(cluster, { ...waiting, timeoutMs: cluster.settings.timeoutMs }, async () => {
    const ready = (await podsNow()).filter(
      ({ metadata, status }) =>
        metadata.uid !== pod.uid && status?.conditions?.some((one) => one.type === "Ready" && one.status === "True"),
    );
    return ready.length >= before.length || `${ready.length} of ${before.length} pods ready`;
  });
  await back(cluster);
  return pod.name;
}

/** Deletes each of the victims in turn under load, waits until it is back, then verifies. Resolves with verify's code. */
export async function chaos(cluster: Cluster): Promise<number> {
  for (const victim of VICTIMS) {
    await step(`deleting ${victim.name} without warning`, () => deleteVictim(cluster, victim));
    await Bun.sleep(5_000);
  }
  const verdict = await step("verifying", () => verify(cluster));
  console.log(verdict.output);
  return verdict.code;
}

/** Shows what runs. */
export async function status(cluster: Cluster): Promise<void> {
  const show = async (title: string, args: string[]) => {
    const { code, stdout, stderr } = await cluster.tryKubectl(args, { timeoutMs: 30_000 });
    console.log(`\n${title}\n${(code === 0 ? stdout : stderr).trim()}`);
  };
  await show("Nodes", ["get", "nodes"]);
  await show("Kafka", ["get", "kafka,kafkanodepool,kafkatopic,kafkauser", "-n", NAMESPACE.app]);
  await show("Workloads", ["get", "deploy,statefulset,cronjob,job,pdb", "-n", NAMESPACE.app]);
  await show("Pods", ["get", "pods", "-n", NAMESPACE.app, "-o", "wide"]);
  await show("Monitoring", ["get", "pods", "-n", NAMESPACE.monitoring]);
  console.log(`\nReleases\n${(await cluster.helm(["list", "-A"])).trim()}`);
}

/** Follows the logs of the workers, or of one of them. */
export async function logs(cluster: Cluster, worker: string | undefined): Promise<void> {
  const component = worker ? `,app.kubernetes.io/component=${worker}` : "";
  const selector = `app.kubernetes.io/instance=${RELEASE}${component}`;
  const args = ["logs", "-f", "--prefix", "--tail=50", "--max-log-requests=20", "-n", NAMESPACE.app, "-l", selector];
  await cluster.kubectl(args, { show: true, timeoutMs: 86_400_000 });
}
