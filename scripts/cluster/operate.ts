import { NAMESPACE, RELEASE } from "./settings.ts";
import { type Cluster, Refusal } from "./shell.ts";
import { say, step } from "./ui.ts";
import { verify } from "./verify.ts";
import { waitReady, waitRollout } from "./wait.ts";

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
  if ((await cluster.get(["deployment/consumer", "-n", NAMESPACE.app])) === undefined) {
    throw new Refusal("there is no deployment consumer: run make cluster-up");
  }
  await cluster.kubectl(["scale", "deployment/consumer", `--replicas=${text}`, "-n", NAMESPACE.app]);
  await settled(cluster, "deployment/consumer", "app.kubernetes.io/component=consumer");
  say(`${text} consumers are ready`);
}

const settled = (cluster: Cluster, resource: string, pods: string) =>
  waitRollout(cluster, resource, { namespace: NAMESPACE.app, pods, timeoutMs: cluster.settings.timeoutMs });

type Pods = { items: { metadata: { name: string; uid: string } }[] };

/** Deletes the first pod that matches, at once as a crash would (`now`) or politely, and resolves with its name. */
export async function deletePod(cluster: Cluster, selector: string, now: boolean): Promise<string> {
  const pods = await cluster.get<Pods>(["pods", "-n", NAMESPACE.app, "-l", selector]);
  const pod = pods?.items[0]?.metadata.name;
  if (pod === undefined) throw new Refusal(`no pod matches ${selector}`);
  const force = now ? ["--grace-period=0", "--force"] : [];
  await cluster.kubectl(["delete", "pod", pod, "-n", NAMESPACE.app, ...force]);
  return pod;
}

/** What the chaos run and the laboratory delete, and how each is known to be back. */
export const VICTIMS = [
  {
    name: "a consumer",
    selector: "app.kubernetes.io/component=consumer",
    back: (cluster: Cluster) => settled(cluster, "deployment/consumer", "app.kubernetes.io/component=consumer"),
  },
  {
    name: "the broker",
    selector: `strimzi.io/name=${RELEASE}-kafka`,
    back: async (cluster: Cluster) => {
      const limits = { namespace: NAMESPACE.app, timeoutMs: cluster.settings.timeoutMs };
      await brokerBack(cluster);
      await waitReady(cluster, `kafka/${RELEASE}`, { ...limits, pods: `strimzi.io/cluster=${RELEASE}` });
    },
  },
  {
    name: "ClickHouse",
    selector: "app.kubernetes.io/name=clickhouse",
    back: (cluster: Cluster) => settled(cluster, "statefulset/clickhouse", "app.kubernetes.io/name=clickhouse"),
  },
] as const;

async function brokerBack(cluster: Cluster): Promise<void> {
  const selector = `strimzi.io/name=${RELEASE}-kafka`;
  const seconds = Math.round(cluster.settings.timeoutMs / 1000);
  const wait = ["wait", "pod", "-l", selector, "-n", NAMESPACE.app, "--for=condition=Ready", `--timeout=${seconds}s`];
  // The replacement appears a moment after the old pod has gone.
  for (let i = 0; i < 60; i++) {
    const pods = await cluster.get<Pods>(["pods", "-n", NAMESPACE.app, "-l", selector]);
    if ((pods?.items.length ?? 0) > 0) break;
    await Bun.sleep(1_000);
  }
  await cluster.kubectl(wait, { timeoutMs: cluster.settings.timeoutMs + 10_000 });
}

/** Deletes each of the victims in turn under load, waits until it is back, then verifies. Resolves with verify's code. */
export async function chaos(cluster: Cluster): Promise<number> {
  for (const victim of VICTIMS) {
    await step(`deleting ${victim.name} without warning`, async () => {
      await deletePod(cluster, victim.selector, true);
      await victim.back(cluster);
    });
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
