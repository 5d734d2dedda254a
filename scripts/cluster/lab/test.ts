/**
 * `make lab-test`: brings the whole cluster up from nothing in the laboratory, with `make cluster-up` itself, and runs the
 * scenarios. The last line is `N passed, N failed`; without a laboratory it says that it was skipped, and why.
 */
import { diagnose } from "../diagnose.ts";
import { NAMESPACE, readSettings } from "../settings.ts";
import { Cluster, must, run } from "../shell.ts";
import { say, step } from "../ui.ts";
import { clusterDown } from "./cluster-down.ts";
import type { Context } from "./context.ts";
import { CLICKHOUSE_IMAGE, provideImages } from "./images.ts";
import { findLab, type Lab } from "./lab.ts";
import { Report } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";

const NOT_SHOWN = `
Not shown by this laboratory:
  - Strimzi's operators: a stand-in does what they would with our resources; certificates are its own, there is one broker,
    and neither JMX metrics nor the Kafka exporter run (the API server did check our resources against Strimzi's CRDs)
  - the ClickHouse server: the same engine runs behind a front, with the users of k8s/clickhouse, but without grants, quotas,
    TLS, the native protocol and its Prometheus endpoint
  - NetworkPolicies are accepted but not enforced; KEDA's resources are validated but nothing scales by them
  - the lake's CronJobs are validated but have no S3 service to run against (make test-lake runs what they run)
  - kube-prometheus-stack's chart and Grafana: prometheus-operator, Prometheus and Alertmanager are real
  - kind with several nodes, and images pulled from a registry`;

/** What the scenarios report of a result: [cluster] real Kubernetes, [broker] real Kafka, [engine] the real engine behind
 * the front, [fault] a fault that was injected. */
const LEGEND =
  "cluster: real Kubernetes 1.36 · broker: real Kafka · engine: real ClickHouse engine behind a front · fault: injected";

async function bringUp(lab: Lab, keep: boolean): Promise<void> {
  if (!keep) await step("removing what an earlier run left", () => lab.call(["build"]).then(() => lab.call(["down"])));
  await step("laboratory cluster", () => lab.call(["up"]));
  await step("CRDs of Strimzi, prometheus-operator and KEDA", () => lab.call(["crds"]));
  await step("prometheus-operator", () => lab.call(["monitoring"]));
}

async function main(): Promise<number> {
  const lab = findLab(process.env);
  if (typeof lab === "string") {
    console.log(`lab-test was skipped: ${lab}`);
    console.log("\n0 passed, 0 failed, 1 skipped");
    return 0;
  }
  // Kept between runs while developing: the cluster stays, and so do the images named by LAB_TAG.
  const keep = process.env.LAB_KEEP === "1";
  process.env.PATH = `${lab.dir}/bin:${process.env.PATH}`;
  const commit = (await must(["git", "rev-parse", "--short=12", "HEAD"])).trim();
  const tags = [`lab-${commit}`, `lab-${commit}-next`] as const;
  const env = {
    PATH: process.env.PATH,
    KUBECONFIG: lab.kubeconfig,
    CLUSTER_PROVIDER: "existing",
    CLUSTER_KUBECONFIG: lab.kubeconfig,
    CLUSTER_TIMEOUT: "300",
    CLUSTER_VALUES: "scripts/cluster/lab/values.yaml",
    STRIMZI_CHART: "scripts/cluster/lab/charts/strimzi",
    MONITORING_CHART: "scripts/cluster/lab/charts/monitoring",
    CLICKHOUSE_IMAGE,
    IMAGES: "none",
    IMAGE_TAG: tags[0],
  };
  const settings = readSettings(env);
  const context: Context = { cluster: new Cluster(settings), env, tags };
  const report = new Report();
  console.log(`${LEGEND}\n`);
  try {
    await bringUp(lab, keep);
    await provideImages(lab, settings, tags);
  } catch (error) {
    console.log(`FAIL the laboratory did not come up: ${error instanceof Error ? error.message : String(error)}`);
    console.log("\n0 passed, 1 failed");
    return 1;
  }
  const onFailure = () => diagnose(context.cluster, NAMESPACE.app);
  const isUp = await report.scenario(
    "make cluster-up with the laboratory's images reaches Ready",
    ["cluster", "broker", "engine"],
    async () => {
      const { code } = await run(["make", "cluster-up"], { env, show: true, timeoutMs: 1_800_000 });
      if (code !== 0) throw new Error(`make cluster-up ended with ${code}`);
      return undefined;
    },
    onFailure,
  );
  const only = process.env.LAB_ONLY;
  const chosen = SCENARIOS.filter(({ name }) => !only || name.includes(only));
  for (const { name, sources, run: scenario } of isUp ? chosen : []) {
    await report.scenario(name, sources, () => scenario(context), onFailure);
  }
  if (!isUp) say("the other scenarios need a cluster that is up: not run");
  if (isUp && !keep && !only) {
    await report.scenario("make cluster-down leaves nothing", ["cluster"], () => clusterDown(lab, context), onFailure);
  }
  console.log(NOT_SHOWN);
  if (!keep) await step("removing the cluster", () => lab.call(["down"])).catch((error) => console.log(String(error)));
  return report.finish();
}

process.exitCode = await main();
