import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Settings } from "./settings.ts";
import { must, run } from "./shell.ts";
import { say, step } from "./ui.ts";

async function exists(settings: Settings): Promise<boolean> {
  const { stdout } = await run(["kind", "get", "clusters"], { timeoutMs: 60_000 });
  return stdout.split("\n").includes(settings.name);
}

/** Creates the kind cluster unless it is there, and writes its kubeconfig to a file of its own. */
export async function createCluster(settings: Settings): Promise<void> {
  if (settings.provider !== "kind") return;
  mkdirSync(dirname(settings.kubeconfig), { recursive: true });
  const target = ["--name", settings.name, "--kubeconfig", settings.kubeconfig];
  if (await exists(settings)) {
    await must(["kind", "export", "kubeconfig", ...target]);
    say(`kind cluster ${settings.name} is there already`);
  } else {
    const image = settings.kind.nodeImage === "" ? [] : ["--image", settings.kind.nodeImage];
    await step(`kind cluster ${settings.name} (${settings.kind.config})`, () =>
      must(["kind", "create", "cluster", ...target, ...image, "--config", settings.kind.config, "--wait", "180s"]),
    );
  }
  chmodSync(settings.kubeconfig, 0o600);
}

/** Deletes the kind cluster with all its data. */
export async function deleteCluster(settings: Settings): Promise<void> {
  if (!(await exists(settings))) return say(`there is no kind cluster ${settings.name}`);
  const target = ["--name", settings.name, "--kubeconfig", settings.kubeconfig];
  await step(`deleting kind cluster ${settings.name}`, () => must(["kind", "delete", "cluster", ...target]));
  const ours = await run([
    "docker",
    "image",
    "ls",
    "--format",
    "{{.Repository}}:{{.Tag}}",
    "--filter",
    "reference=countinghouse/*",
  ]);
  const images = ours.stdout.split("\n").filter((name) => name !== "" && !name.endsWith(":<none>"));
  if (images.length > 0)
    await step(`removing ${images.length} images`, () => must(["docker", "image", "rm", ...images]));
  // Later commands shall say that there is no cluster, not that it does not answer.
  rmSync(settings.kubeconfig, { force: true });
}
