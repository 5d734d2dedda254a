/**
 * Our values against the charts they are for. CHART_DIR names a directory that holds `kube-prometheus-stack` (with its
 * dependencies under charts/) and `strimzi-kafka-operator`; without it these tests are skipped, because nothing is fetched here.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../settings.ts";
import { at, HELM_VERSIONS, helm, KUBE_VERSION, parse, pick, type Rendered, type Values } from "./render.ts";

const DIR = process.env.CHART_DIR ?? "";
const CHARTS = [
  { chart: "kube-prometheus-stack", release: "monitoring", values: "k8s/monitoring/values.yaml" },
  { chart: "strimzi-kafka-operator", release: "strimzi", values: "k8s/strimzi/values.yaml" },
] as const;

const read = (file: string) => Bun.YAML.parse(readFileSync(file, "utf8")) as Values;
const isMap = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;

/** The defaults of a chart and of the charts it brings along, as its user sees them. */
function defaultsOf(chart: string): Values[] {
  const own = read(join(DIR, chart, "values.yaml"));
  const dependencies = join(DIR, chart, "charts");
  const names = existsSync(dependencies) ? readdirSync(dependencies) : [];
  const brought = names.filter((name) => existsSync(join(dependencies, name, "values.yaml")));
  return [own, ...brought.map((name) => ({ [name]: read(join(dependencies, name, "values.yaml")) }))];
}

/** Paths of ours that none of their defaults has; below a default that is no map, everything is the user's. */
function unknownPaths(ours: Values, theirs: readonly Values[], path = ""): string[] {
  return Object.entries(ours).flatMap(([key, value]) => {
    const known = theirs.filter((one) => key in one).map((one) => one[key]);
    if (known.length === 0) return [`${path}${key}`];
    const maps = known.filter(isMap);
    return isMap(value) && maps.length > 0 ? unknownPaths(value, maps, `${path}${key}.`) : [];
  });
}

describe.skipIf(DIR === "")("our values of public charts", () => {
  const rendered = ({ chart, release, values }: (typeof CHARTS)[number], version: 3 | 4): Rendered[] => {
    const target = [release, join(DIR, chart), "-n", release, "-f", join(ROOT, values), "--kube-version", KUBE_VERSION];
    const { code, stdout, stderr } = helm(["template", ...target], version);
    if (code !== 0) throw new Error(stderr);
    return parse(stdout);
  };

  test.each(CHARTS)("$chart renders under helm 3 and 4", (chart) => {
    for (const version of HELM_VERSIONS) expect(rendered(chart, version).length).toBeGreaterThan(10);
  });
  test.each(CHARTS)("every key of ours exists in $chart", ({ chart, values }) => {
    const theirs = defaultsOf(chart);
    expect(unknownPaths(read(join(ROOT, values)), theirs)).toEqual([]);
    expect(unknownPaths({ resource: {} }, theirs)).toEqual(["resource"]);
  });

  test("Grafana reads no Secrets, fetches its plugin in the background and finds our dashboards", () => {
    const objects = rendered(CHARTS[0], 3);
    const roles = objects.filter(({ kind, metadata }) => /Role$/.test(kind) && metadata.name.includes("grafana"));
    expect(roles).toEqual([]);
    const pod = JSON.stringify(pick(objects, "Deployment", "monitoring-grafana"));
    expect(pod).toContain('"name":"GF_PLUGINS_PREINSTALL","value":"grafana-clickhouse-datasource"');
    expect(pod).not.toContain("GF_PLUGINS_PREINSTALL_SYNC");
    expect(pod).toContain('"name":"NAMESPACE","value":"monitoring,countinghouse"');
    const access = parse(readFileSync(join(ROOT, "k8s/monitoring/grafana-access.yaml"), "utf8"));
    const account = at<string>(
      pick(objects, "Deployment", "monitoring-grafana"),
      "spec.template.spec.serviceAccountName",
    );
    for (const role of access.filter(({ kind }) => kind === "Role")) {
      expect(at<unknown>(role, "rules")).toEqual([
        { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] },
      ]);
    }
    for (const binding of access.filter(({ kind }) => kind === "RoleBinding")) {
      expect(at<unknown>(binding, "subjects")).toEqual([
        { kind: "ServiceAccount", name: account, namespace: "monitoring" },
      ]);
    }
  });
  test("the names that the scripts rely on are there", () => {
    const names = rendered(CHARTS[0], 3).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    for (const name of [
      "Service/monitoring-grafana",
      "Service/monitoring-prometheus",
      "Service/monitoring-alertmanager",
    ]) {
      expect(names).toContain(name);
    }
    expect(rendered(CHARTS[1], 3).map(({ metadata }) => metadata.name)).toContain("strimzi-cluster-operator");
  });
});
