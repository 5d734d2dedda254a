import { VICTIMS } from "../operate.ts";
import { NAMESPACE } from "../settings.ts";
import { waitForApp } from "../up.ts";
import { waitUntil } from "../wait.ts";
import { type Context, check, make } from "./context.ts";

type Pods = { items: { metadata: { uid: string } }[] };

/** All pods of the namespace go at once, without warning: broker, store, workers. */
export async function restartEverything({ cluster, env }: Context): Promise<string> {
  const podsNow = async () => (await cluster.get<Pods>(["pods", "-n", NAMESPACE.app]))?.items ?? [];
  const before = new Set((await podsNow()).map(({ metadata }) => metadata.uid));
  await cluster.kubectl(["delete", "pod", "--all", "-n", NAMESPACE.app, "--grace-period=0", "--force"]);
  const limits = { namespace: NAMESPACE.app, timeoutMs: cluster.settings.timeoutMs };
  await waitUntil(cluster, { ...limits, what: "the pods to go" }, async () => {
    const left = (await podsNow()).filter(({ metadata }) => before.has(metadata.uid)).length;
    return left === 0 || `${left} are still there`;
  });
  for (const { back } of VICTIMS) await back(cluster);
  await waitForApp(cluster);
  // A producer that had no time to close its ledger leaves it open: only an audit can say what its last records could not.
  const audit = await make("cluster-ops", { ...env, CMD: "verify --audit" });
  check(audit.code === 0, audit.text.slice(-2000));
  const closed = [...audit.text.matchAll(/closed the open ledger of /g)].length;
  return `${before.size} pods deleted at once; an audit closed ${closed} ledgers of killed producers`;
}
