import type { Cluster } from "./shell.ts";

type Pod = {
  metadata: { name: string };
  status: {
    phase?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: {
      name: string;
      restartCount: number;
      state: Record<string, { reason?: string; message?: string }>;
    }[];
  };
};

/** Prints what usually explains why pods do not come up: their states, the latest events, the ends of their logs. */
export async function diagnose(cluster: Cluster, namespace: string, selector = ""): Promise<void> {
  const label = selector === "" ? [] : ["-l", selector];
  const section = (title: string, text: string) => console.error(`\n--- ${title}\n${text.trim() || "(nothing)"}`);
  const show = async (title: string, args: string[]) => {
    const { stdout, stderr } = await cluster.tryKubectl(args, { timeoutMs: 30_000 });
    section(title, `${stdout}${stderr}`);
  };
  await show(`pods in ${namespace}`, ["get", "pods", "-n", namespace, "-o", "wide", ...label]);
  const { stdout } = await cluster.tryKubectl(["get", "events", "-n", namespace, "--sort-by=.lastTimestamp"]);
  section("latest events", stdout.trim().split("\n").slice(-25).join("\n"));
  const list = await cluster.get<{ items: Pod[] }>(["pods", "-n", namespace, ...label]);
  for (const pod of (list?.items ?? []).filter(needsAttention).slice(0, 6)) {
    const { name } = pod.metadata;
    for (const status of pod.status.containerStatuses ?? []) {
      const [state, why] = Object.entries(status.state)[0] ?? ["unknown", {}];
      section(
        `${name}/${status.name}`,
        `${state} ${why.reason ?? ""} ${why.message ?? ""} (${status.restartCount} restarts)`,
      );
    }
    await show(`log of ${name}`, ["logs", "-n", namespace, name, "--all-containers", "--tail=25"]);
    const restarted = pod.status.containerStatuses?.some((status) => status.restartCount > 0);
    if (restarted) await show(`log of ${name} before its restart`, ["logs", "-n", namespace, name, "-p", "--tail=25"]);
  }
}

function needsAttention({ status }: Pod): boolean {
  if (status.phase === "Succeeded") return false;
  return status.conditions?.find((condition) => condition.type === "Ready")?.status !== "True";
}
