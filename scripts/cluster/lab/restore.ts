import { NAMESPACE, objectName, podsOf } from "../settings.ts";
import type { Cluster } from "../shell.ts";
import { openSql } from "../sql.ts";
import { installApp, waitForApp } from "../up.ts";
import { waitRollout } from "../wait.ts";
import { type Context, check, make } from "./context.ts";

const CONSUMER = `deployment/${objectName("consumer")}`;

/** Under load the database is dropped, made again by an upgrade, and filled from the topic; no lake has a bucket here. */
export async function restoreLostStore({ cluster, env, tags }: Context): Promise<string> {
  await scaleConsumer(cluster, 0);
  await cluster.kubectl([
    "wait",
    "pod",
    "-l",
    podsOf("consumer"),
    "-n",
    NAMESPACE.app,
    "--for=delete",
    "--timeout=90s",
  ]);
  const sql = await openSql(cluster, "migrate");
  try {
    await sql.query("DROP DATABASE countinghouse SYNC");
  } finally {
    await sql.close();
  }
  await installApp(cluster, tags[0]);
  await waitForApp(cluster);
  const restored = await make("cluster-ops", { ...env, CMD: "restore --yes" });
  check(
    restored.code === 0 && /reads [1-9][\d,]* messages of events again/.test(restored.text),
    restored.text.slice(-2000),
  );
  await scaleConsumer(cluster, 1);
  const proven = await make("cluster-ops", { ...env, CMD: "restore --prove --wait 4m" });
  check(proven.code === 0 && /^EXACT/m.test(proven.text), proven.text.slice(-3000));
  return /group \S+ reads .* again/.exec(restored.text)?.[0] ?? "restored";
}

async function scaleConsumer(cluster: Cluster, replicas: number): Promise<void> {
  await cluster.kubectl(["scale", CONSUMER, `--replicas=${replicas}`, "-n", NAMESPACE.app]);
  const pods = podsOf("consumer");
  await waitRollout(cluster, CONSUMER, { namespace: NAMESPACE.app, pods, timeoutMs: cluster.settings.timeoutMs });
}
