import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ROOT } from "../settings.ts";
import {
  CHART,
  EVERYTHING,
  EXAMPLES,
  example,
  HELM_VERSIONS,
  helm,
  KUBE_VERSION,
  setArgs,
  TERRAFORM_VALUES,
  template,
  type Values,
} from "./render.ts";

const SCHEMAS = join(import.meta.dir, "schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json");

function kubeconform(args: readonly string[], input?: string): string {
  const tool = join(ROOT, ".tools/bin/kubeconform");
  const command = [tool, "-strict", "-summary", "-schema-location", SCHEMAS, ...args];
  const { stdout, stderr } = Bun.spawnSync(command, { cwd: ROOT, stdin: new TextEncoder().encode(input ?? "") });
  return `${stdout}${stderr}`;
}

const PROFILES: readonly (readonly [string, Values, string[]])[] = [
  ["defaults", {}, []],
  ["dev", {}, ["k8s/values/dev.yaml"]],
  ["ha", {}, ["k8s/values/ha.yaml"]],
  ["production", {}, ["k8s/production/values.yaml"]],
  ["laboratory", {}, ["k8s/values/dev.yaml", "scripts/cluster/lab/values.yaml"]],
  ["everything", EVERYTHING, []],
  ["a lake on AWS", TERRAFORM_VALUES, []],
  [
    "nothing optional",
    {
      "producer.enabled": false,
      "ingest.enabled": false,
      "verify.enabled": false,
      "operate.enabled": false,
      "migrate.enabled": false,
      "networkPolicy.enabled": false,
    },
    [],
  ],
  ...EXAMPLES.map((name) => [`the example ${name}`, {}, [example(name)]] satisfies [string, Values, string[]]),
];

describe("against the schemas of Kubernetes, Strimzi, prometheus-operator, KEDA, Gateway API and Altinity's operator", () => {
  test.each(PROFILES)("the chart with %s, rendered by helm 3 and 4", (_, values, files) => {
    for (const helmVersion of HELM_VERSIONS) {
      const { code, stdout, stderr } = template(values, files, { helmVersion });
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(kubeconform(["-"], stdout)).toMatch(/Invalid: 0, Errors: 0, Skipped: 0/);
    }
  });

  test.each([
    "k8s/base",
    "k8s/kafka",
    "k8s/clickhouse/clickhouse.yaml",
    "k8s/clickhouse/pod-monitor.yaml",
    "k8s/lake",
    "k8s/production/clickhouse-installation.yaml",
    "k8s/production/clickhouse-keeper.yaml",
    "k8s/monitoring/grafana-access.yaml",
  ])("%s", (path) => {
    expect(kubeconform([path])).toMatch(/Invalid: 0, Errors: 0, Skipped: 0/);
  });

  test("a mistake is noticed", () => {
    const { stdout } = template();
    expect(kubeconform(["-"], stdout.replace("automountServiceAccountToken", "automountToken"))).toMatch(
      /Invalid: [1-9]/,
    );
    expect(kubeconform(["-"], stdout.replace("type: scram-sha-512", "type: scram-sha-1"))).toMatch(/Invalid: [1-9]/);
  });
});

test.each(PROFILES)("helm lint --strict with %s", (_, values, files) => {
  const args = ["lint", CHART, "--strict", "--kube-version", KUBE_VERSION, ...files.flatMap((file) => ["-f", file])];
  for (const helmVersion of HELM_VERSIONS) {
    const { code, stdout } = helm([...args, ...setArgs(values)], helmVersion);
    expect(stdout).toContain("0 chart(s) failed");
    expect(code).toBe(0);
  }
});
