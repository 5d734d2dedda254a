import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dashboards } from "../../observability/dashboards/index.ts";
import { buildDashboard, panelsOf } from "../../observability/dashboards/panels.ts";
import { alertmanagerConfig } from "./alertmanager.ts";
import { operatorRouting } from "./operator-routing.ts";
import { prometheusConfig } from "./prometheus.ts";
import { loadRules } from "./rules.ts";

const ROOT = join(import.meta.dir, "../..");
const OBSERVABILITY = join(ROOT, "observability");
const { alerts, recording } = await loadRules(join(OBSERVABILITY, "rules/countinghouse-rules.yaml"));
const alertNames = alerts.map(({ name }) => name);

type TestFile = { tests: { name: string; alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[] };
const cases = readdirSync(join(OBSERVABILITY, "rules/tests")).flatMap((file) => {
  const parsed = Bun.YAML.parse(readFileSync(join(OBSERVABILITY, "rules/tests", file), "utf8")) as TestFile;
  return parsed.tests;
});

test.each(alertNames)("%s has its unit tests", (name) => {
  const own = (kind: string) => cases.filter((one) => one.name.startsWith(`${name}: ${kind}`));
  const outcomes = (kind: string) =>
    own(kind).map((one) => one.alert_rule_test.map((check) => (check.exp_alerts.length > 0 ? "fires" : "silent")));
  expect(["fires", outcomes("fires")[0]]).toEqual(["fires", ["fires"]]);
  expect(outcomes("does not fire just below").flat()).toContain("silent");
  expect(outcomes("does not fire just below").flat()).not.toContain("fires");
  expect(["resolves", outcomes("resolves")]).toEqual(["resolves", [["fires", "silent"]]]);
  expect(["second installation", outcomes("second installation")]).toEqual(["second installation", [["fires"]]]);
  for (const one of cases.filter((each) => each.name.startsWith(`${name}:`))) {
    expect(one.alert_rule_test.every((check) => check.alertname === name)).toBe(true);
  }
});

test.each(alerts)("$name is described and has a section of the runbook", ({ name, severity, annotations }) => {
  expect(["critical", "warning"]).toContain(severity);
  expect(annotations.summary).toBeTruthy();
  expect(annotations.description).toBeTruthy();
  expect(annotations.runbook_url).toBe(`docs/runbook.md#${name.toLowerCase()}`);
  const runbook = readFileSync(join(ROOT, "docs/runbook.md"), "utf8");
  const section = runbook.split(/^## /m).find((part) => part.startsWith(`${name}\n`));
  for (const part of ["**Look.**", "**Fix.**", "**Prove.**"]) expect(section).toContain(part);
});

test("the runbook has no section of an alert that does not exist", () => {
  const sections = [...readFileSync(join(ROOT, "docs/runbook.md"), "utf8").matchAll(/^## (\w+)$/gm)];
  expect(sections.map(([, name]) => name).sort()).toEqual([...alertNames].sort());
});

test("recording rules are named level:metric:operations", () => {
  for (const { name } of recording) expect(name).toMatch(/^namespace:countinghouse_[a-z_]+:[a-z0-9_]+$/);
});

test("every alert and every recorded figure is of one installation, and absent() is not used", async () => {
  const text = readFileSync(join(OBSERVABILITY, "rules/countinghouse-rules.yaml"), "utf8");
  const file = Bun.YAML.parse(text) as { groups: { rules: { record?: string; alert?: string; expr: string }[] }[] };
  for (const { record, alert, expr } of file.groups.flatMap((group) => group.rules)) {
    expect(expr).not.toContain("absent(");
    const selectors = expr.replaceAll(/"[^"]*"/g, '""').matchAll(/\b([A-Za-z_:]*[a-z]_[A-Za-z_:0-9]+|up)(\{[^}]*\})?/g);
    for (const [, metric = "", labels = ""] of selectors) {
      if (!/^(namespace:)?countinghouse_|^up$|^kafka_|^ClickHouse|^process_/.test(metric)) continue;
      expect(`${alert ?? record}: ${metric}${labels}`).toMatch(/\{(release|namespace)=~""/);
    }
  }
});

test("routing and inhibitions name alerts that exist, and become those of the operator", async () => {
  const text = readFileSync(join(OBSERVABILITY, "alertmanager/alertmanager.yaml"), "utf8");
  const named = [...text.matchAll(/alertname=~?"([^"]+)"/g)].flatMap(([, names = ""]) => names.split("|"));
  expect(named.length).toBeGreaterThan(10);
  for (const name of named) expect(alertNames).toContain(name);
  const operator = JSON.parse(operatorRouting(text)) as { inhibitRules: { targetMatch: { value: string }[] }[] };
  const targets = operator.inhibitRules.flatMap((rule) => rule.targetMatch.flatMap(({ value }) => value.split("|")));
  expect(targets.every((name) => alertNames.includes(name))).toBe(true);
  expect(() => operatorRouting(text.replace('severity="critical"', "severity"))).toThrow("not a matcher");

  const config = await alertmanagerConfig({ url: "http://127.0.0.1:1/hook", tokenFile: "/tmp/token" });
  expect(config).toContain("http://127.0.0.1:1/hook");
  expect(config).toContain("/tmp/token");
  expect(config).not.toContain("8081");
});

test("Prometheus scrapes every job and finds the rules", () => {
  const jobs = { consumer: "127.0.0.1:1", kafka: "127.0.0.1:2" };
  const text = prometheusConfig({ dir: "/x", port: 1, jobs, alertmanager: "127.0.0.1:3", logFile: "/x" });
  const config = JSON.parse(text) as { rule_files: string[]; scrape_configs: { job_name: string }[] };
  expect(config.scrape_configs.map((job) => job.job_name)).toEqual(["consumer", "kafka"]);
  expect(existsSync(join(config.rule_files[0]?.replace("*.yaml", "countinghouse-rules.yaml") ?? ""))).toBe(true);
});

const panels = Object.values(dashboards).flatMap((spec) =>
  panelsOf(spec).map((panel) => ({ in: spec.title, ...panel })),
);

test.each(panels)("$in, $title: described, with a unit", ({ description, unit }) => {
  expect(description).toMatch(/^[A-Z0-9].{15,}[.`]$/s);
  expect(unit).not.toBe("");
});

test("dashboards become Grafana's model, panels of a dashboard have different titles", () => {
  for (const spec of Object.values(dashboards)) {
    const titles = panelsOf(spec).map((panel) => panel.title);
    expect(new Set(titles).size).toBe(titles.length);
    const model = buildDashboard(spec);
    expect(model.uid).toBe(spec.uid);
    const built = (model.panels ?? []).filter((panel) => panel.type !== "row");
    expect(built.map((panel) => panel.title)).toEqual(titles);
  }
});
