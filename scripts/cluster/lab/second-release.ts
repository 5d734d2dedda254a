import { waitFor } from "../../testkit/process/wait-for.ts";
import { NAMESPACE } from "../settings.ts";
import type { Cluster } from "../shell.ts";
import { must } from "../shell.ts";
import { openSql } from "../sql.ts";
import { waitJob, waitRollout } from "../wait.ts";
import { type Context, check } from "./context.ts";

const NAME = "second-countinghouse";
const CONSUMER = `deployment/${NAME}-consumer`;
const TOPICS = ["second.events", "second.events.dlq", "second.events.ledger"];

/** Installs or upgrades the second release by Helm 4, which applies on the server's side and does not yield to kubectl. */
function helm4(cluster: Cluster, tag: string, rate: number): Promise<string> {
  const files = [
    "k8s/values/dev.yaml",
    "scripts/cluster/lab/values.yaml",
    "charts/countinghouse/ci/second-release-values.yaml",
  ];
  const set = { "image.tag": tag, "producer.rate": rate, "console.enabled": false, "verify.watch.enabled": false };
  const pairs = Object.entries(set).flatMap(([key, value]) => ["--set-json", `${key}=${JSON.stringify(value)}`]);
  const target = ["second", "charts/countinghouse", "-n", NAMESPACE.app];
  const args = ["upgrade", "--install", ...target, ...files.flatMap((file) => ["-f", file]), ...pairs];
  return must([".tools/bin/helm4", ...args], { env: cluster.env });
}

/** The second release's own proof. @throws Error unless its counts are exact. */
async function proof(cluster: Cluster): Promise<string> {
  const name = `second-verify-${Date.now().toString(36)}`;
  await cluster.kubectl(["create", "job", name, `--from=cronjob/${NAME}-verify`, "-n", NAMESPACE.app]);
  const limits = { namespace: NAMESPACE.app, timeoutMs: cluster.settings.timeoutMs };
  const isExact = await waitJob(cluster, name, limits);
  const output = await cluster.kubectl(["logs", "-n", NAMESPACE.app, `job/${name}`]);
  check(isExact, output);
  return /^EXACT.*$/m.exec(output)?.[0] ?? "exact";
}

/** How many events of the second release are stored. */
async function stored(cluster: Cluster): Promise<number> {
  const sql = await openSql(cluster);
  try {
    return Number(await sql.query("SELECT count() FROM second.events", "TabSeparated"));
  } finally {
    await sql.close();
  }
}

/**
 * A second release beside the first: installed by Helm 4, counts in topics and a database of its own, keeps the number of pods
 * that kubectl has set through an upgrade, and goes without leaving anything but topics.
 */
export async function secondRelease({ cluster, tags }: Context): Promise<string> {
  const limits = { namespace: NAMESPACE.app, timeoutMs: cluster.settings.timeoutMs };
  await helm4(cluster, tags[0], 20);
  try {
    await waitRollout(cluster, CONSUMER, limits);
    await cluster.kubectl(["scale", CONSUMER, "--replicas=2", "-n", NAMESPACE.app]);
    await waitRollout(cluster, CONSUMER, limits);
    await helm4(cluster, tags[0], 30);
    await waitRollout(cluster, `deployment/${NAME}-producer`, limits);
    const replicas = await cluster.kubectl(["get", CONSUMER, "-n", NAMESPACE.app, "-o", "jsonpath={.spec.replicas}"]);
    check(replicas === "2", `the upgrade has set ${replicas} replicas`);
    const describe = "200 events of the second release in ClickHouse";
    await waitFor(async () => (await stored(cluster)) >= 200, { timeoutMs: 180_000, intervalMs: 3_000, describe });
    return `${await proof(cluster)}; 2 replicas kept`;
  } finally {
    await must([".tools/bin/helm4", "uninstall", "second", "-n", NAMESPACE.app], { env: cluster.env });
    await cluster.kubectl(["delete", "kafkatopic", ...TOPICS, "-n", NAMESPACE.app, "--wait=false"]);
  }
}
