import { waitFor } from "../../testkit/process/wait-for.ts";
import { forward } from "../port-forward.ts";
import { NAMESPACE, objectName } from "../settings.ts";
import type { Cluster } from "../shell.ts";
import { check } from "./context.ts";
import { promQuery } from "./prometheus.ts";

type Overview = { level: string; newest_event: string | null; lag_messages: number | null };
type Runs = { rows: { kind: string; verdict: string; checked_events: number; missing: number; surplus: number }[] };

/** What the console answers: figures of the pipeline and the newest exact proof with its token, 401 without. */
export async function consoleAnswers(cluster: Cluster): Promise<string> {
  const secret = await cluster.get<{ data: { token: string } }>([
    `secret/${objectName("console-token")}`,
    "-n",
    NAMESPACE.app,
  ]);
  const token = Buffer.from(secret?.data.token ?? "", "base64").toString();
  const tunnel = await forward(cluster, {
    namespace: NAMESPACE.app,
    resource: `svc/${objectName("console")}`,
    remotePort: 80,
  });
  const ask = (path: string, headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${tunnel.port}/api/v1${path}`, { headers, signal: AbortSignal.timeout(60_000) });
  const read = async <T>(path: string): Promise<T> => {
    const answer = await ask(path, { authorization: `Bearer ${token}` });
    const text = await answer.text();
    check(answer.ok, `console ${path}: ${answer.status} ${text.slice(0, 300)}`);
    return JSON.parse(text) as T;
  };
  try {
    const stranger = await ask("/overview", {});
    check(stranger.status === 401, `without a token the console answers ${stranger.status}`);
    const overview = await read<Overview>("/overview");
    check(overview.newest_event !== null, "the console knows no event");
    // Kafka's side: null would mean that its KafkaUser may not see the group.
    check(overview.lag_messages !== null, "the console knows no consumer lag");
    const proof = await waitFor(
      async () => {
        const { rows } = await read<Runs>("/verification/runs");
        return rows.find(({ kind, verdict }) => kind === "verify" && verdict === "exact");
      },
      { timeoutMs: 300_000, intervalMs: 5_000, describe: "an exact proof in the console" },
    );
    check(proof.missing === 0 && proof.surplus === 0, `an exact proof with differences: ${JSON.stringify(proof)}`);
    return `console: ${overview.level}, an exact proof of ${proof.checked_events} events`;
  } finally {
    await tunnel.stop();
  }
}

/** Waits until Prometheus has a proof of the Deployment verify-watch, with nothing missing; says how many events it compared. */
export async function watchProves(cluster: Cluster): Promise<string> {
  const metric = (name: string) => `countinghouse_verification_${name}{job="verify-watch",kind="verify"}`;
  const reading = async (name: string) => (await promQuery(cluster, metric(name)))[0]?.value;
  const events = await waitFor(
    async () => {
      const proven = (await reading("proven_until_timestamp_seconds")) ?? 0;
      const checked = (await reading("checked_events")) ?? 0;
      return proven > 0 && checked > 0 ? checked : undefined;
    },
    { timeoutMs: 400_000, intervalMs: 5_000, describe: "a proof of verify-watch in Prometheus" },
  );
  const missing = await reading("missing_events");
  check(missing === 0, `verify-watch reports ${missing} missing events`);
  return `verify-watch: ${events} events proven`;
}
