import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../settings.ts";

export const CHART = join(ROOT, "charts/countinghouse");
export const KUBE_VERSION = "1.36.0";
/** The versions of helm in use: both must render the same. */
export const HELM_VERSIONS = [3, 4] as const;
const HELM = { 3: join(ROOT, ".tools/bin/helm"), 4: join(ROOT, ".tools/bin/helm4") } as const;

export type Values = { [key: string]: unknown };
/** A rendered object; tests reach into it by path. */
export type Rendered = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
} & Values;

export type HelmResult = { code: number; stdout: string; stderr: string };

export function helm(args: readonly string[], version: 3 | 4 = 3): HelmResult {
  const { exitCode, stdout, stderr } = Bun.spawnSync([HELM[version], ...args], { cwd: ROOT });
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** Arguments that pass values as JSON, types included. */
export const setArgs = (values: Values) =>
  Object.entries(values).flatMap(([key, value]) => ["--set-json", `${key}=${JSON.stringify(value)}`]);

type TemplateOptions = {
  release?: string;
  /** Kinds that the cluster serves, as helm knows them when it is connected. */
  apis?: readonly string[];
  helmVersion?: 3 | 4;
};

export function template(
  values: Values = {},
  files: readonly string[] = [],
  { release = "countinghouse", apis = [], helmVersion = 3 }: TemplateOptions = {},
): HelmResult {
  const from = files.flatMap((file) => ["-f", file]);
  const known = apis.flatMap((api) => ["--api-versions", api]);
  const target = [release, CHART, "-n", "countinghouse", "--kube-version", KUBE_VERSION];
  return helm(["template", ...target, ...known, ...from, ...setArgs(values)], helmVersion);
}

/** The objects the chart makes of these values. @throws Error with helm's message. */
export function render(values: Values = {}, files: readonly string[] = [], options: TemplateOptions = {}): Rendered[] {
  const { code, stdout, stderr } = template(values, files, options);
  if (code !== 0) throw new Error(stderr);
  return parse(stdout);
}

/** The objects in helm's output. */
export const parse = (text: string) =>
  (Bun.YAML.parse(text) as (Rendered | null)[]).filter((object) => object !== null);

/** Example values, by name: each shows one environment and is rendered, validated and asserted here. */
export const example = (name: string) => join(CHART, `ci/${name}-values.yaml`);
export const EXAMPLES = readdirSync(join(CHART, "ci"))
  .filter((file) => file.endsWith("-values.yaml"))
  .map((file) => file.replace("-values.yaml", ""))
  .sort();

/** Name of an object of the release `countinghouse`. */
export const named = (component: string) => `countinghouse-${component}`;

/** The one object of a kind and name. @throws Error when it is not there. */
export function pick(objects: readonly Rendered[], kind: string, name: string): Rendered {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

/** A value inside an object, by dots: `spec.template.spec.containers.0.image`. */
export function at<T>(object: unknown, path: string): T {
  let value = object;
  for (const key of path.split(".")) value = (value as Values | undefined)?.[key];
  return value as T;
}

export type PodSpec = {
  serviceAccountName?: string;
  nodeSelector?: Values;
  tolerations?: Values[];
  affinity?: Values;
  priorityClassName?: string;
  imagePullSecrets?: { name: string }[];
  topologySpreadConstraints?: Values[];
  volumes: ({ name: string; secret?: { secretName: string; items: { key: string }[] } } & Values)[];
  automountServiceAccountToken?: boolean;
  enableServiceLinks?: boolean;
  terminationGracePeriodSeconds?: number;
  securityContext: Values;
  containers: {
    name: string;
    image: string;
    args?: string[];
    volumeMounts: { name: string; mountPath: string }[];
    env?: {
      name: string;
      value?: string;
      valueFrom?: { secretKeyRef?: { name: string; key: string; optional?: boolean } };
    }[];
    securityContext: Values;
    resources: { requests?: Values; limits?: Values };
    livenessProbe?: Values;
    readinessProbe?: Values;
  }[];
};

/** The pod specs of everything that makes pods, by `Kind/name`. */
export function podSpecs(objects: readonly Rendered[]): Map<string, PodSpec> {
  const paths: Record<string, string> = {
    Pod: "spec",
    Deployment: "spec.template.spec",
    Job: "spec.template.spec",
    CronJob: "spec.jobTemplate.spec.template.spec",
  };
  return new Map(
    objects.flatMap((object) => {
      const path = paths[object.kind];
      return path ? [[`${object.kind}/${object.metadata.name}`, at<PodSpec>(object, path)] as const] : [];
    }),
  );
}

/** Everything the chart can do, switched on. */
export const EVERYTHING: Values = {
  "console.enabled": true,
  "consumer.autoscaling.enabled": true,
  "clickhouse.caSecret": "clickhouse-tls",
  "clickhouse.url": "https://clickhouse:8443",
  "image.registry": "registry.example:5000/team",
  imagePullSecrets: [{ name: "pull" }],
  "ingest.allowFrom": [{ podSelector: {} }],
  commonLabels: { team: "analytics" },
  "lake.enabled": true,
  "lake.url": "s3://events-lake/prefix",
  "lake.existingSecret": "lake-keys",
};

/** The shape of terraform/stack's output `helm_values`, managed Kafka included. */
export const TERRAFORM_VALUES: Values = {
  lake: {
    enabled: true,
    url: "s3://countinghouse-production-lake",
    region: "eu-central-1",
    serviceAccount: {
      name: "lake",
      annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/lake-exporter" },
    },
  },
  events: { maxAgeDays: 30 },
  kafka: {
    brokers: ["b-1.example.org:9096", "b-2.example.org:9096"],
    tls: { enabled: true, caSecret: "kafka-ca" },
    users: { create: false, prefix: "countinghouse" },
    topics: { create: false, replicas: 3, minInsyncReplicas: 2 },
  },
};
