import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../settings.ts";
import { at, named, pick, podSpecs, type Rendered, render, TERRAFORM_VALUES } from "./render.ts";

const ON = { "lake.enabled": true, "lake.url": "s3://bucket/prefix" };
const aws = render(TERRAFORM_VALUES);

const environment = (from: readonly Rendered[], name: string) =>
  new Map((podSpecs(from).get(`CronJob/${named(name)}`)?.containers[0]?.env ?? []).map((entry) => [entry.name, entry]));
const egress = (from: readonly Rendered[]) =>
  at<unknown>(pick(from, "NetworkPolicy", "countinghouse-lake"), "spec.egress");

test("the lake is off by default", () => {
  expect(render().filter(({ metadata }) => metadata.name.includes("lake"))).toEqual([]);
});

describe("with the values that Terraform makes", () => {
  test("its keys are those of terraform/stack", () => {
    const source = readFileSync(join(ROOT, "terraform/stack/outputs.tf"), "utf8");
    const part = source.slice(source.indexOf("lake = {"), source.indexOf("events = {"));
    const names = [...part.matchAll(/^\s+(\w+)\s*=/gm)].map(([, name]) => name);
    expect(names).toEqual([...Object.keys(at<object>(TERRAFORM_VALUES, "lake")), "name", "annotations"]);
  });
  test("both jobs run as the account with the role", () => {
    const annotations = at<object>(pick(aws, "ServiceAccount", "lake"), "metadata.annotations");
    expect(annotations).toHaveProperty(["eks.amazonaws.com/role-arn"]);
    for (const name of ["lake-export", "lake-verify"]) {
      expect(podSpecs(aws).get(`CronJob/${named(name)}`)?.serviceAccountName).toBe("lake");
    }
  });
  test("they know bucket and region, and no key", () => {
    const variables = environment(aws, "lake-export");
    expect(variables.get("LAKE_URL")?.value).toBe("s3://countinghouse-production-lake");
    expect(variables.get("AWS_REGION")?.value).toBe("eu-central-1");
    expect([...variables.keys()].filter((name) => /ENDPOINT|ACCESS_KEY|KAFKA/.test(name))).toEqual([]);
    expect(variables.get("CLICKHOUSE_PASSWORD_FILE")?.value).toBe("/etc/clickhouse-login/password");
  });
  test("one run at a time, which ends, on its schedule", () => {
    const expected = { "lake-export": "*/10 * * * *", "lake-verify": "43 3 * * *" };
    for (const [name, schedule] of Object.entries(expected)) {
      const spec = at<object>(pick(aws, "CronJob", named(name)), "spec");
      expect(spec).toMatchObject({ schedule, concurrencyPolicy: "Forbid", jobTemplate: { spec: { backoffLimit: 0 } } });
      expect(at<number>(spec, "jobTemplate.spec.activeDeadlineSeconds")).toBeGreaterThan(60);
    }
  });
  test("they run the commands", () => {
    const args = (name: string) =>
      at<string[]>(pick(aws, "CronJob", named(name)), "spec.jobTemplate.spec.template.spec.containers.0.args");
    expect(args("lake-export")).toEqual(["lake", "export"]);
    expect(args("lake-verify")).toEqual(["lake", "verify", "--allow-pending", "2h"]);
  });
});

test("keys come from a Secret, the session token if there is one", () => {
  const variables = environment(render({ ...ON, "lake.existingSecret": "keys" }), "lake-export");
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
    expect(variables.get(name)?.valueFrom).toEqual({ secretKeyRef: { name: "keys", key: name } });
  }
  expect(variables.get("AWS_SESSION_TOKEN")?.valueFrom?.secretKeyRef).toMatchObject({ optional: true });
});

test("the jobs may reach S3, on the endpoint's port", () => {
  const port = (number: number) => ({ protocol: "TCP", port: number });
  expect(egress(aws)).toEqual([{ ports: [port(443)] }]);
  const minio = render({ ...ON, "lake.endpoint": "http://minio.storage:9000" });
  expect(egress(minio)).toEqual([{ ports: [port(443), port(9000)] }]);
  expect(environment(minio, "lake-verify").get("LAKE_S3_ENDPOINT")?.value).toBe("http://minio.storage:9000");
  const to = [{ ipBlock: { cidr: "10.0.0.0/8" } }];
  expect(egress(render({ ...ON, "networkPolicy.lake": { to, ports: [80] } }))).toEqual([{ to, ports: [port(80)] }]);
});

test("the variables are ones that `ops lake` reads", () => {
  const source = ["workers/ops/lake/config.ts", "workers/shared/clickhouse/config.ts"]
    .map((file) => readFileSync(join(ROOT, file), "utf8"))
    .join();
  const values = { ...ON, "lake.existingSecret": "keys", "lake.endpoint": "https://s3.example.org" };
  const names = [...environment(render(values), "lake-export").keys()];
  expect(names.filter((name) => /^(LAKE|AWS|CLICKHOUSE)_/.test(name) && !source.includes(name))).toEqual([]);
});

test("ClickHouse's user of the lake may use s3(), write two tables and nothing else", () => {
  const users = readFileSync(join(ROOT, "k8s/clickhouse/users.d/countinghouse.xml"), "utf8");
  const own = users.slice(users.indexOf("<countinghouse_lake>"), users.indexOf("</countinghouse_lake>"));
  const grants = [...own.matchAll(/<query>GRANT (.*)<\/query>/g)].map(([, grant]) => grant ?? "");
  expect(grants.filter((grant) => !grant.startsWith("SELECT ON countinghouse."))).toEqual([
    "SELECT, INSERT ON countinghouse.lake_files",
    "SELECT, INSERT ON countinghouse.lake_runs",
    "S3 ON *.*",
    "CREATE TEMPORARY TABLE ON *.*",
  ]);
  // The other is `restore`.
  expect(users.match(/GRANT [^<]*\bS3\b/g)?.length).toBe(2);
});

test("`restore --from-lake` has a job of its own: the lake's account and bucket, the groups of the consumers, its own user", () => {
  const on = { ...ON, "lake.existingSecret": "keys" };
  const objects = render(on);
  const spec = podSpecs(objects).get(`CronJob/${named("restore")}`);
  expect(spec?.serviceAccountName).toBe(named("lake"));
  const variables = environment(objects, "restore");
  expect(variables.get("LAKE_URL")?.value).toBe("s3://bucket/prefix");
  expect(variables.get("AWS_ACCESS_KEY_ID")?.valueFrom?.secretKeyRef?.name).toBe("keys");
  expect(variables.get("KAFKA_GROUP_ID")?.value).toBe("countinghouse");
  expect(variables.get("CLICKHOUSE_USER")?.valueFrom?.secretKeyRef?.name).toBe("clickhouse-restore");
  expect(at<object>(pick(objects, "CronJob", named("restore")), "spec")).toMatchObject({ suspend: true });
  const reaches = (policy: string) =>
    at<{ values: string[] }[]>(pick(objects, "NetworkPolicy", named(policy)), "spec.podSelector.matchExpressions")[0]
      ?.values;
  for (const policy of ["lake", "clickhouse"]) expect(reaches(policy)).toContain("restore");
  const names = (from: readonly Rendered[]) => [...podSpecs(from).keys()];
  expect(names(render({ ...on, "operate.enabled": false }))).not.toContain(`CronJob/${named("restore")}`);
  expect(names(render())).not.toContain(`CronJob/${named("restore")}`);
});
