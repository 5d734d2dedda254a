import { isPortFree } from "../testkit/process/ports.ts";
import { type Forward, forward } from "./port-forward.ts";
import { NAMESPACE, objectName } from "./settings.ts";
import type { Cluster } from "./shell.ts";

const TARGETS = [
  {
    name: "Grafana",
    namespace: NAMESPACE.monitoring,
    resource: "svc/monitoring-grafana",
    remotePort: 80,
    localPort: 3000,
  },
  {
    name: "Prometheus",
    namespace: NAMESPACE.monitoring,
    resource: "svc/monitoring-prometheus",
    remotePort: 9090,
    localPort: 9090,
  },
  {
    name: "Alertmanager",
    namespace: NAMESPACE.monitoring,
    resource: "svc/monitoring-alertmanager",
    remotePort: 9093,
    localPort: 9093,
  },
  { name: "ClickHouse", namespace: NAMESPACE.app, resource: "svc/clickhouse", remotePort: 8123, localPort: 8123 },
  {
    name: "Ingest API",
    namespace: NAMESPACE.app,
    resource: `svc/${objectName("ingest")}`,
    remotePort: 80,
    localPort: 8080,
  },
  {
    name: "Console",
    namespace: NAMESPACE.app,
    resource: `svc/${objectName("console")}`,
    remotePort: 80,
    localPort: 8081,
  },
] as const;

/** Where the passwords and keys are: one command each, so that none is printed unasked. */
export function logins(kubeconfig: string): string {
  const read = (namespace: string, secret: string, key: string) =>
    `KUBECONFIG=${kubeconfig} kubectl get secret -n ${namespace} ${secret} -o jsonpath='{.data.${key}}' | base64 -d`;
  return [
    `Grafana, user admin:          ${read(NAMESPACE.monitoring, "monitoring-grafana", "admin-password")}`,
    `Console, token:               ${read(NAMESPACE.app, objectName("console-token"), "token")}`,
    `Ingest, API key:              ${read(NAMESPACE.app, objectName("ingest-api-keys"), "keys")}`,
    `ClickHouse, countinghouse_read: ${read(NAMESPACE.app, "clickhouse-read", "password")}`,
  ].join("\n");
}

/** Forwards ports to everything with a page or an API and keeps doing so until interrupted. */
export async function open(cluster: Cluster): Promise<void> {
  const forwards: Forward[] = [];
  for (const target of TARGETS) {
    const service = await cluster.get([target.resource.replace("svc/", "service/"), "-n", target.namespace]);
    if (service === undefined) {
      console.log(`${target.name.padEnd(13)} not installed`);
      continue;
    }
    const localPort = (await isPortFree(target.localPort)) ? target.localPort : 0;
    const opened = await forward(cluster, { ...target, localPort });
    forwards.push(opened);
    const note = localPort === 0 ? `  (port ${target.localPort} is taken)` : "";
    console.log(`${target.name.padEnd(13)} http://127.0.0.1:${opened.port}${note}`);
  }
  console.log(`\n${logins(cluster.settings.kubeconfig)}`);
  console.log("Ctrl-C closes them all.");
  process.once("SIGINT", async () => {
    await Promise.allSettled(forwards.map((one) => one.stop()));
    process.exit(0);
  });
  await Promise.race(forwards.map((one) => one.ended));
  console.error("a port-forward ended (its pod was replaced?); run make cluster-open again");
  await Promise.allSettled(forwards.map((one) => one.stop()));
  process.exitCode = 1;
}
