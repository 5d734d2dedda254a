import { join, resolve } from "node:path";
import { z } from "zod";

export const ROOT = join(import.meta.dir, "../..");

/** The namespaces of k8s/base/namespaces.yaml. */
export const NAMESPACE = { app: "countinghouse", strimzi: "strimzi", monitoring: "monitoring" } as const;
/** Name of the Helm release and of the Strimzi Kafka resource. */
export const RELEASE = "countinghouse";
const CHART_NAME = "countinghouse";
/** Where a release of our chart is, for the commands that take any. */
export type Target = { namespace: string; release: string };
/** Name of an object of a release: its full name as charts/countinghouse/templates/_names.tpl makes it, then the component. */
export function objectName(component: string, release: string = RELEASE): string {
  const full = release.includes(CHART_NAME) ? release : `${release}-${CHART_NAME}`;
  return `${full}-${component}`;
}
/** Label selector of a component's pods. */
export const podsOf = (component: string) =>
  `app.kubernetes.io/instance=${RELEASE},app.kubernetes.io/component=${component}`;

const flag = (fallback: string) => z.enum(["0", "1"]).default(fallback as "0" | "1");

const name = z.string().regex(/^[a-z0-9-]+$/);

const schema = z.object({
  CLUSTER_NAME: name.default("countinghouse"),
  /** `kind` creates a cluster; `existing` uses the one CLUSTER_KUBECONFIG points to. */
  CLUSTER_PROVIDER: z.enum(["kind", "existing"]).default("kind"),
  CLUSTER_KUBECONFIG: z.string().default(".local/cluster/kubeconfig"),
  /** Of the release that cluster-ops and cluster-verify work on. */
  CLUSTER_NAMESPACE: name.default(NAMESPACE.app),
  CLUSTER_RELEASE: name.default(RELEASE),
  CLUSTER_PROFILE: z.enum(["dev", "ha"]).default("dev"),
  /** Longest wait for one thing, seconds. */
  CLUSTER_TIMEOUT: z.coerce.number().int().min(10).max(7200).default(600),
  /** Further values files of our chart, comma-separated. */
  CLUSTER_VALUES: z.string().default(""),
  KIND_NODES: z.enum(["1", "3"]).default("1"),
  KIND_CONFIG: z.string().default(""),
  /** Empty: the image that this version of kind is made for. */
  KIND_NODE_IMAGE: z.string().default(""),
  STRIMZI_CHART: z.string().default("oci://quay.io/strimzi-helm/strimzi-kafka-operator"),
  STRIMZI_VERSION: z.string().default("1.2.0"),
  MONITORING_CHART: z.string().default("oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack"),
  MONITORING_VERSION: z.string().default("91.4.1"),
  CLICKHOUSE_IMAGE: z.string().default("clickhouse/clickhouse-server:26.7"),
  CLICKHOUSE_MANIFESTS: z.string().default("k8s/clickhouse"),
  /** Registry of the workers' images; empty: they are built here and loaded into kind. */
  IMAGE_REGISTRY: z.string().default(""),
  /** Empty: the git commit. */
  IMAGE_TAG: z.string().default(""),
  /** `build` builds and loads; `none` expects the images to be there. */
  IMAGES: z.enum(["build", "none"]).default("build"),
  IMAGE_BASE: z.string().default("gcr.io/distroless/base-nossl-debian13:nonroot"),
  INSTALL: flag("0"),
});

/** Settings of the cluster commands, from variables of the same names in capitals. */
export type Settings = ReturnType<typeof readSettings>;

/** Reads the settings. @throws {z.ZodError} naming every bad variable. */
export function readSettings(env: Readonly<Record<string, string | undefined>>) {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const read = schema.parse(set);
  return {
    name: read.CLUSTER_NAME,
    provider: read.CLUSTER_PROVIDER,
    kubeconfig: resolve(ROOT, read.CLUSTER_KUBECONFIG),
    target: { namespace: read.CLUSTER_NAMESPACE, release: read.CLUSTER_RELEASE } satisfies Target,
    profile: read.CLUSTER_PROFILE,
    timeoutMs: read.CLUSTER_TIMEOUT * 1000,
    values: read.CLUSTER_VALUES.split(",").filter((path) => path !== ""),
    kind: {
      nodes: Number(read.KIND_NODES),
      config: read.KIND_CONFIG || (read.KIND_NODES === "1" ? "k8s/kind/1-node.yaml" : "k8s/kind/3-nodes.yaml"),
      nodeImage: read.KIND_NODE_IMAGE,
    },
    strimzi: { chart: read.STRIMZI_CHART, version: read.STRIMZI_VERSION },
    monitoring: { chart: read.MONITORING_CHART, version: read.MONITORING_VERSION },
    clickhouse: { image: read.CLICKHOUSE_IMAGE, manifests: read.CLICKHOUSE_MANIFESTS },
    images: {
      registry: read.IMAGE_REGISTRY,
      tag: read.IMAGE_TAG,
      build: read.IMAGES === "build",
      base: read.IMAGE_BASE,
    },
    install: read.INSTALL === "1",
  };
}
