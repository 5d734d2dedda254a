import { applyClickHouse, ensureClickHouseSecrets } from "./clickhouse.ts";
import { install, type Release } from "./helm.ts";
import { buildImages, imageTag, loadImages } from "./images.ts";
import { createCluster } from "./kind.ts";
import { logins } from "./open.ts";
import { preflight } from "./preflight.ts";
import { NAMESPACE, objectName, podsOf, RELEASE, type Settings } from "./settings.ts";
import { Cluster, CommandFailed } from "./shell.ts";
import { say, step } from "./ui.ts";
import { waitReady, waitRollout, waitUntil } from "./wait.ts";

const CHART = "charts/countinghouse";

/** Brings up the whole cluster, or what is missing of it. Running it again converges to the same. */
export async function up(settings: Settings): Promise<void> {
  await preflight(settings);
  await createCluster(settings);
  const cluster = new Cluster(settings);
  // Once: the tree may change while the images are built.
  const tag = await imageTag(settings);
  if (settings.images.build) await loadImages(settings, await buildImages(settings, tag));
  await step("namespaces and network policies", async () => {
    await apply(cluster, "k8s/base/namespaces.yaml");
    await apply(cluster, "k8s/base/network-policies.yaml", NAMESPACE.app);
    await apply(cluster, "k8s/monitoring/grafana-access.yaml");
  });
  await step("passwords", () => ensureClickHouseSecrets(cluster));
  await step("kube-prometheus-stack", () => installMonitoring(cluster));
  await step("Strimzi operator", () => installStrimzi(cluster));
  await step("ClickHouse", () => applyClickHouse(cluster));
  await step(`Kafka, profile ${settings.profile}`, async () => {
    for (const file of ["metrics", settings.profile, "pod-monitors"]) {
      await apply(cluster, `k8s/kafka/${file}.yaml`, NAMESPACE.app);
    }
  });
  await step("waiting for ClickHouse and Kafka", () => waitForStores(cluster));
  await step("countinghouse", async () => {
    await installApp(cluster, tag);
    await waitForApp(cluster);
  });
  await step("waiting for monitoring", () => waitForMonitoring(cluster));
  console.log(nextCommands(settings));
}

async function apply(cluster: Cluster, file: string, namespace?: string): Promise<void> {
  const target = namespace === undefined ? [] : ["-n", namespace];
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", file, ...target]);
}

function installMonitoring(cluster: Cluster): Promise<void> {
  const values = ["k8s/monitoring/values.yaml"];
  const { monitoring } = cluster.settings;
  const target = { name: "monitoring", namespace: NAMESPACE.monitoring };
  return install(cluster, { ...target, ...monitoring, values, variable: "MONITORING_CHART" });
}

async function installStrimzi(cluster: Cluster): Promise<void> {
  const values = ["k8s/strimzi/values.yaml"];
  const { strimzi } = cluster.settings;
  const target = { name: "strimzi", namespace: NAMESPACE.strimzi };
  await install(cluster, { ...target, ...strimzi, values, variable: "STRIMZI_CHART" });
  for (const crd of ["kafkas.kafka.strimzi.io", "podmonitors.monitoring.coreos.com"]) await waitForCrd(cluster, crd);
}

type Crd = { status?: { conditions?: { type: string; status: string }[] } };

/** A CRD is served a moment after it was created; what is applied earlier is refused. */
async function waitForCrd(cluster: Cluster, name: string): Promise<void> {
  await waitUntil(cluster, { what: `the CRD ${name}`, ...limits(cluster, NAMESPACE.strimzi) }, async () => {
    const crd = await cluster.get<Crd>([`crd/${name}`]);
    const established = crd?.status?.conditions?.some(
      ({ type, status }) => type === "Established" && status === "True",
    );
    return established === true || "not served yet";
  });
}

/** Waits for a Deployment that only some sources of the monitoring chart bring. */
async function waitIfPresent(cluster: Cluster, name: string): Promise<void> {
  const present = await cluster.get([`deployment/${name}`, "-n", NAMESPACE.monitoring]);
  if (present !== undefined) await waitRollout(cluster, `deployment/${name}`, limits(cluster, NAMESPACE.monitoring));
}

const limits = (cluster: Cluster, namespace: string) => ({ namespace, timeoutMs: cluster.settings.timeoutMs });

async function waitForStores(cluster: Cluster): Promise<void> {
  await waitRollout(cluster, "deployment/strimzi-cluster-operator", limits(cluster, NAMESPACE.strimzi));
  // Its webhook looks at every PrometheusRule, also at ours.
  await waitIfPresent(cluster, "monitoring-operator");
  const app = limits(cluster, NAMESPACE.app);
  await waitRollout(cluster, "statefulset/clickhouse", { ...app, pods: "app.kubernetes.io/name=clickhouse" });
  await waitReady(cluster, `kafka/${RELEASE}`, { ...app, pods: `strimzi.io/cluster=${RELEASE}` });
}

/** Installs or upgrades our chart with images of this tag; `set` overrides values. Does not wait. */
export async function installApp(cluster: Cluster, tag: string, set: NonNullable<Release["set"]> = {}): Promise<void> {
  const { profile, values, images } = cluster.settings;
  await install(cluster, {
    name: RELEASE,
    namespace: NAMESPACE.app,
    chart: CHART,
    values: [`k8s/values/${profile}.yaml`, ...values],
    set: { "image.tag": tag, "image.registry": images.registry, ...set },
  });
}

type List = { items: { metadata: { name: string; labels?: Record<string, string> } }[] };

/** Waits until the schema is there and every worker runs and is ready. */
export async function waitForApp(cluster: Cluster): Promise<void> {
  const app = limits(cluster, NAMESPACE.app);
  const selector = ["-n", NAMESPACE.app, "-l", `app.kubernetes.io/instance=${RELEASE}`];
  for (const kind of ["kafkatopic", "kafkauser"]) {
    const { items } = (await cluster.get<List>([kind, ...selector])) ?? { items: [] };
    for (const { metadata } of items) await waitReady(cluster, `${kind}/${metadata.name}`, app);
  }
  await waitForSchema(cluster);
  const deployments = (await cluster.get<List>(["deployment", ...selector])) ?? { items: [] };
  for (const { metadata } of deployments.items) {
    const pods = podsOf(metadata.labels?.["app.kubernetes.io/component"] ?? "");
    await waitRollout(cluster, `deployment/${metadata.name}`, { ...app, pods });
  }
}

type Jobs = {
  items: {
    metadata: { name: string };
    status?: { succeeded?: number; conditions?: { type: string; status: string }[] };
  }[];
};

async function waitForSchema(cluster: Cluster): Promise<void> {
  const pods = podsOf("migrate");
  const waiting = { what: "the schema (job migrate)", ...limits(cluster, NAMESPACE.app), pods };
  await waitUntil(cluster, waiting, async () => {
    const jobs = (await cluster.get<Jobs>(["job", "-n", NAMESPACE.app, "-l", pods])) ?? { items: [] };
    if (jobs.items.every((job) => (job.status?.succeeded ?? 0) > 0)) return true;
    const failed = jobs.items.find((job) =>
      job.status?.conditions?.some(({ type, status }) => type === "Failed" && status === "True"),
    );
    if (failed) return `job ${failed.metadata.name} has failed: ${await lastLine(cluster, pods)}`;
    const said = await lastLine(cluster, pods);
    return said === "" ? "running" : `running: ${said}`;
  });
}

/** The last thing a pod of these said about what is wrong. */
async function lastLine(cluster: Cluster, selector: string): Promise<string> {
  const { stdout } = await cluster.tryKubectl(["logs", "-n", NAMESPACE.app, "-l", selector, "--tail=5"]);
  return stdout.split("\n").findLast((line) => line.startsWith("error:") || line.startsWith("waiting")) ?? "";
}

async function waitForMonitoring(cluster: Cluster): Promise<void> {
  const monitoring = limits(cluster, NAMESPACE.monitoring);
  await waitRollout(cluster, "statefulset/prometheus-monitoring-prometheus", monitoring);
  await waitRollout(cluster, "statefulset/alertmanager-monitoring-alertmanager", monitoring);
  try {
    await waitIfPresent(cluster, "monitoring-grafana");
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    say(`warning: ${error.message}; everything else is up, and Prometheus and Alertmanager have pages of their own`);
  }
}

function nextCommands({ kubeconfig }: Settings): string {
  return `
The cluster is up. Its kubeconfig is ${kubeconfig}; your own is untouched.

  make cluster-open                addresses of Grafana, Prometheus, Alertmanager, ClickHouse and the API
  make cluster-verify              prove that what was produced is what is stored
  make cluster-sql Q="SELECT event_minute, sum(events) FROM events_per_minute GROUP BY 1 ORDER BY 1 DESC LIMIT 5"
  make cluster-scale N=3           the same as: kubectl scale deployment/${objectName("consumer")} --replicas=3
  make cluster-logs WORKER=consumer
  make cluster-chaos               delete consumer, broker and ClickHouse under load, then verify
  make cluster-down                delete it with all its data

Addresses of all pages and APIs:  make cluster-open
${logins(kubeconfig)}

For kubectl:  export KUBECONFIG=${kubeconfig}; kubectl config set-context --current --namespace=${NAMESPACE.app}`;
}
