/** The `cluster-*` targets of the Makefile: `bun scripts/cluster/main.ts <command>`; settings come from the environment. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { buildBinaries, buildImages, imageTag } from "./images.ts";
import { deleteCluster } from "./kind.ts";
import { open } from "./open.ts";
import { chaos, logs, scale, status } from "./operate.ts";
import { clusterOps } from "./ops.ts";
import { ROOT, readSettings, type Settings } from "./settings.ts";
import { Cluster, CommandFailed, Refusal } from "./shell.ts";
import { sqlShell } from "./sql.ts";
import { up } from "./up.ts";
import { verify } from "./verify.ts";

// Tools that INSTALL=1 or `make .tools/bin/helm` put there come first.
process.env.PATH = `${join(ROOT, ".tools/bin")}:${process.env.PATH ?? ""}`;

type Command = (settings: Settings) => Promise<number | undefined>;

/** A command that needs a cluster that is up. */
const onCluster =
  (task: (cluster: Cluster) => Promise<unknown>): Command =>
  async (settings) => {
    if (!existsSync(settings.kubeconfig)) {
      throw new Refusal(`there is no cluster (no ${settings.kubeconfig}): run make cluster-up`);
    }
    const code = await task(new Cluster(settings));
    return typeof code === "number" ? code : undefined;
  };

const done =
  (task: (settings: Settings) => Promise<unknown>): Command =>
  (settings) =>
    task(settings).then(() => undefined);

const COMMANDS: Readonly<Record<string, Command>> = {
  up: done(up),
  down: async (settings) => {
    if (settings.provider !== "kind") {
      throw new Refusal(
        "CLUSTER_PROVIDER=existing: the cluster is not ours; delete the namespaces countinghouse, strimzi and monitoring",
      );
    }
    await deleteCluster(settings);
  },
  images: async (settings) => {
    for (const name of await buildImages(settings, await imageTag(settings))) console.log(name);
  },
  binaries: async (settings) => {
    for (const architecture of await buildBinaries(await imageTag(settings))) console.log(architecture);
  },
  status: onCluster(status),
  verify: onCluster(async (cluster) => {
    const { code, output } = await verify(cluster);
    console.log(output.trimEnd());
    return code;
  }),
  ops: onCluster(async (cluster) => {
    const { code, output } = await clusterOps(cluster, process.env.CMD);
    console.log(output.trimEnd());
    return code;
  }),
  sql: onCluster((cluster) => sqlShell(cluster, process.env.Q)),
  open: onCluster(open),
  logs: onCluster((cluster) => logs(cluster, process.env.WORKER)),
  scale: onCluster((cluster) => scale(cluster, process.env.N)),
  chaos: onCluster(chaos),
};

const [name = ""] = process.argv.slice(2);
const command = COMMANDS[name];
try {
  if (command === undefined)
    throw new Refusal(`no such command: ${name}; there are ${Object.keys(COMMANDS).join(", ")}`);
  process.exitCode = (await command(readSettings(process.env))) ?? 0;
} catch (error) {
  if (error instanceof z.ZodError) {
    for (const issue of error.issues) console.error(`${issue.path.join(".")}: ${issue.message}`);
    process.exitCode = 2;
  } else if (error instanceof Refusal || error instanceof CommandFailed) {
    console.error(`\n${error.message}`);
    process.exitCode = error instanceof Refusal ? 2 : 1;
  } else throw error;
}
