import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ROOT } from "../settings.ts";
import { findProgram, must, type RunOptions } from "../shell.ts";

/** The laboratory: a script that gives a real kind cluster without a registry. */
export type Lab = {
  script: string;
  /** Where it keeps what it has built. */
  dir: string;
  kubeconfig: string;
  /** Name of its kind cluster. */
  cluster: string;
  /** Runs one of its commands. @throws CommandFailed. */
  call(args: readonly string[], options?: RunOptions): Promise<string>;
};

/** The laboratory, or in one sentence why there is none here. */
export function findLab(env: Readonly<Record<string, string | undefined>>): Lab | string {
  const script = resolve(ROOT, env.LAB || "../shared/kind-lab/lab");
  const dir = env.KIND_LAB_DIR || "/var/cache/kind-lab";
  if (!existsSync(script)) return `there is no laboratory script at ${script} (LAB=… names another)`;
  if (process.getuid?.() !== 0) return "the laboratory needs root";
  if (findProgram("go") === undefined && !existsSync(join(dir, "bin/kind")))
    return "the laboratory needs Go to compile Kubernetes";
  const refusal = tooShort(dir, env.LAB_MINUTES);
  if (refusal !== undefined) return refusal;
  const call = (args: readonly string[], options: RunOptions = {}) =>
    must(["nice", "-n", "5", script, ...args], { timeoutMs: 2_400_000, ...options });
  return { script, dir, kubeconfig: join(dir, "kubeconfig"), cluster: env.KIND_LAB_NAME || "lab", call };
}

/** Minutes that remain in a limited run must suffice for what is not built yet and for the scenarios themselves. */
function tooShort(dir: string, text: string | undefined): string | undefined {
  if (!text) return undefined;
  const minutes = Number(text);
  if (!(minutes > 0)) return `LAB_MINUTES=${text} is no number of minutes`;
  const built = existsSync(join(dir, "bin/kubelet")) && existsSync(join(dir, "bin/promtool"));
  const needed = built ? 15 : 40;
  if (minutes >= needed) return undefined;
  const why = built ? "" : " (it has to compile Kubernetes and Prometheus first)";
  return `LAB_MINUTES=${text}: the laboratory run takes about ${needed} minutes${why}`;
}
