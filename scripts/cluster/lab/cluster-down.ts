import { existsSync } from "node:fs";
import { must } from "../shell.ts";
import { type Context, check, make } from "./context.ts";
import type { Lab } from "./lab.ts";

/** `make cluster-down` of the laboratory's kind cluster: neither node, image nor kubeconfig of it may stay. */
export async function clusterDown(lab: Lab, { env }: Context): Promise<string> {
  const { code, text } = await make("cluster-down", { ...env, CLUSTER_PROVIDER: "kind", CLUSTER_NAME: lab.cluster });
  check(code === 0, text);
  const clusters = await must(["kind", "get", "clusters"]);
  check(!clusters.split("\n").includes(lab.cluster), `still there: ${clusters}`);
  const node = ["ps", "--all", "--filter", `label=io.x-k8s.kind.cluster=${lab.cluster}`, "--format", "{{.Names}}"];
  const images = ["image", "ls", "--filter", "reference=countinghouse/*", "--format", "{{.Repository}}:{{.Tag}}"];
  for (const args of [node, images]) {
    const left = (await must(["docker", ...args])).trim();
    check(left === "", `still there: ${left}`);
  }
  check(!existsSync(lab.kubeconfig), `${lab.kubeconfig} is still there`);
  return /removing \d+ images/.exec(text)?.[0] ?? "no images";
}
