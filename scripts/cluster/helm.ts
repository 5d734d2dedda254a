import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { ROOT } from "./settings.ts";
import { type Cluster, CommandFailed, Refusal } from "./shell.ts";

export type Release = {
  name: string;
  namespace: string;
  /** Directory, archive, or oci:// address. */
  chart: string;
  version?: string;
  /** Values files. */
  values: readonly string[];
  /** Values by path. */
  set?: Readonly<Record<string, string | number | boolean | Readonly<Record<string, string>>>>;
  /** Variable that overrides the chart's source, for the message when it cannot be fetched. */
  variable?: string;
};

/** Installs or upgrades a release without waiting for its pods. @throws Refusal when the chart cannot be fetched. */
export async function install(cluster: Cluster, release: Release): Promise<void> {
  const { name, namespace, chart, values, set = {} } = release;
  await forgetInterrupted(cluster, release);
  const local = existsSync(resolve(ROOT, chart));
  const version = local || release.version === undefined ? [] : ["--version", release.version];
  const files = values.flatMap((file) => ["-f", file]);
  const pairs = Object.entries(set).flatMap(([key, value]) => ["--set-json", `${key}=${JSON.stringify(value)}`]);
  const takeOver = await takeOverFields(cluster);
  try {
    await cluster.helm([
      "upgrade",
      "--install",
      name,
      chart,
      ...version,
      "-n",
      namespace,
      ...takeOver,
      ...files,
      ...pairs,
    ]);
  } catch (error) {
    if (local || !(error instanceof CommandFailed) || !UNREACHABLE.test(error.message)) throw error;
    const last = error.message.trim().split("\n").at(-1);
    throw new Refusal(
      `The chart ${chart} ${release.version ?? ""} could not be fetched:\n  ${last}\n` +
        `Check the network, or point ${release.variable} at a mirror or a downloaded copy.`,
    );
  }
}

/**
 * Helm 4 applies on the server's side, where a field that kubectl has set since belongs to kubectl: a number of replicas in the
 * values would be refused after `kubectl scale`. What the values say wins, as it did with Helm 3.
 */
async function takeOverFields(cluster: Cluster): Promise<string[]> {
  const version = await cluster.helm(["version", "--template", "{{.Version}}"]);
  return /^v?3\./.test(version.trim()) ? [] : ["--server-side=true", "--force-conflicts"];
}

const UNREACHABLE =
  /dial tcp|no such host|connection refused|i\/o timeout|TLS handshake|failed to (do request|authorize|fetch|download|resolve)|not found|403|401|proxyconnect/i;

/** A helm that was interrupted leaves a release "pending", which would block every later one. */
async function forgetInterrupted(cluster: Cluster, { name, namespace }: Release): Promise<void> {
  for (const status of ["pending-install", "pending-upgrade", "pending-rollback"]) {
    const selector = `owner=helm,name=${name},status=${status}`;
    await cluster.kubectl(["delete", "secret", "-n", namespace, "-l", selector, "--ignore-not-found"]);
  }
}
