import { NAMESPACE } from "./settings.ts";
import { type Cluster, must } from "./shell.ts";

const ROLES = ["insert", "read", "operate", "resolve", "migrate", "lake", "restore"] as const;

/**
 * Makes the Secrets of the ClickHouse users that do not exist yet; existing passwords stay. Grafana, which lives in another
 * namespace, gets a copy of the reading user's.
 */
export async function ensureClickHouseSecrets(cluster: Cluster): Promise<void> {
  for (const role of ROLES) {
    const name = `clickhouse-${role}`;
    if ((await cluster.get([`secret/${name}`, "-n", NAMESPACE.app])) !== undefined) continue;
    const password = Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("base64url");
    const object = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: NAMESPACE.app, labels: { "app.kubernetes.io/part-of": "countinghouse" } },
      stringData: { username: `countinghouse_${role}`, password },
    };
    // Through standard input: arguments are visible to every user of the machine.
    await cluster.kubectl(["create", "-f", "-"], { input: JSON.stringify(object) });
  }
  const reader = await cluster.get<{ data: Record<string, string> }>(["secret/clickhouse-read", "-n", NAMESPACE.app]);
  const copy = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "grafana-clickhouse", namespace: NAMESPACE.monitoring },
    data: reader?.data ?? {},
  };
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input: JSON.stringify(copy) });
}

/** Applies the Secrets and manifests of ClickHouse with the configured image. */
export async function applyClickHouse(cluster: Cluster): Promise<void> {
  const { manifests, image } = cluster.settings.clickhouse;
  const rendered = await must(["kubectl", "kustomize", manifests]);
  const input = rendered.replace(/^(\s*(?:- )?image: )clickhouse\/clickhouse-server:\S+$/m, `$1${image}`);
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input });
}
