import { forward } from "../port-forward.ts";
import { NAMESPACE } from "../settings.ts";
import type { Cluster } from "../shell.ts";

export type Sample = { metric: Record<string, string>; value: number };

/** GETs a path of a Service in the monitoring namespace; the body decides, not the status alone. */
export async function getJson<T>(cluster: Cluster, service: string, port: number, path: string): Promise<T> {
  const tunnel = await forward(cluster, {
    namespace: NAMESPACE.monitoring,
    resource: `svc/${service}`,
    remotePort: port,
  });
  try {
    const answer = await fetch(`http://127.0.0.1:${tunnel.port}${path}`, { signal: AbortSignal.timeout(20_000) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${service}${path}: ${answer.status} ${text.slice(0, 300)}`);
    return JSON.parse(text) as T;
  } finally {
    await tunnel.stop();
  }
}

type Answer = { status: string; data: { result: { metric: Record<string, string>; value: [number, string] }[] } };

/** An instant query. */
export async function promQuery(cluster: Cluster, query: string): Promise<Sample[]> {
  const path = `/api/v1/query?query=${encodeURIComponent(query)}`;
  const answer = await getJson<Answer>(cluster, "monitoring-prometheus", 9090, path);
  return answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}
