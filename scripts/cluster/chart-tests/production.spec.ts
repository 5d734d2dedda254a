/** The parts of k8s/production fit each other; that each fits its CRD is in schemas.spec.ts. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../settings.ts";
import { at, named, pick, podSpecs, render, type Values } from "./render.ts";

const read = (file: string) => readFileSync(join(ROOT, "k8s/production", file), "utf8");
const installation = Bun.YAML.parse(read("clickhouse-installation.yaml")) as Values;
const keeper = Bun.YAML.parse(read("clickhouse-keeper.yaml")) as Values;
const values = Bun.YAML.parse(read("values.yaml")) as Values;
const objects = render({}, ["k8s/production/values.yaml"]);

describe("ClickHouse for production", () => {
  const [cluster] = at<Values[]>(installation, "spec.configuration.clusters");
  const name = at<string>(installation, "metadata.name");
  const namespace = at<string>(installation, "metadata.namespace");

  test("one shard of two replicas, and an insert waits for both", () => {
    expect(cluster).toMatchObject({ layout: { shardsCount: 1, replicasCount: 2 }, secure: "yes", insecure: "no" });
    expect(at<Values>(installation, "spec.configuration.profiles")["default/insert_quorum"]).toBe("2");
  });

  test("migrate makes the database on the cluster that is installed, and nothing else is told of it", () => {
    const jobs = [...podSpecs(objects)].filter(([, { containers }]) =>
      containers.some(({ env }) =>
        env?.some((one) => one.name === "CLICKHOUSE_CLUSTER" && one.value === cluster?.name),
      ),
    );
    expect(jobs.map(([job]) => job.replace(/-[0-9a-f]{10}$/, ""))).toEqual(["Job/countinghouse-migrate"]);
    expect(
      [...podSpecs(render())].flatMap(([, { containers }]) => containers.flatMap(({ env }) => env ?? [])),
    ).not.toContainEqual(expect.objectContaining({ name: "CLICKHOUSE_CLUSTER" }));
  });

  test("the chart reaches the Service of the installation, over TLS on the port it listens on", () => {
    const url = new URL(at<string>(values, "clickhouse.url"));
    expect(url.hostname).toBe(`clickhouse-${name}.${namespace}.svc`);
    const settings = at<Values>(installation, "spec.configuration.settings");
    expect(`${url.protocol}${url.port}`).toBe(`https:${settings.https_port}`);
    expect(at<number[]>(values, "networkPolicy.clickhouse.ports")).toEqual([Number(url.port)]);
  });

  test("three Keepers stand where the installation looks for them", () => {
    const [node] = at<Values[]>(installation, "spec.configuration.zookeeper.nodes");
    expect(node?.host).toBe(`keeper-${at<string>(keeper, "metadata.name")}`);
    expect(at<string>(keeper, "metadata.namespace")).toBe(namespace);
    const [keepers] = at<Values[]>(keeper, "spec.configuration.clusters");
    expect(keepers).toMatchObject({ layout: { replicasCount: 3 } });
  });

  test("certificates lie where the server reads them, and no password stands in the file", () => {
    const files = at<Record<string, unknown>>(installation, "spec.configuration.files");
    const config = Object.values(files)
      .filter((file) => typeof file === "string")
      .join("\n");
    const paths = [...config.matchAll(/secrets\.d\/([^/]+)\/([^/]+)\/([^<]+)</g)];
    expect(paths).toHaveLength(3);
    for (const [, file = "", secret, key] of paths) {
      expect(files[file]).toEqual({ valueFrom: { secretKeyRef: { name: secret, key } } });
    }
    const users = at<Record<string, unknown>>(installation, "spec.configuration.users");
    for (const [path, value] of Object.entries(users)) {
      if (path.includes("password")) expect(value).toHaveProperty("valueFrom.secretKeyRef.key");
    }
    expect(config).toContain('<local_directory remove="1"/>');
  });

  test("server and Keeper are of the line that the tests use", () => {
    const tested = /clickhouse\/clickhouse-server:(\S+)/.exec(
      readFileSync(join(ROOT, "k8s/clickhouse/clickhouse.yaml"), "utf8"),
    )?.[1];
    const images = [...JSON.stringify([installation, keeper]).matchAll(/"image":"[^:]+:([^"]+)"/g)].map(
      ([, tag]) => tag,
    );
    expect(images).toEqual([tested, tested]);
  });
});

test("the consumer uses the memory that it has, and only KEDA says how many there are", () => {
  const memory = at<string>(pick(objects, "ConfigMap", named("consumer")), "data.MEMORY_MB");
  expect(memory).toBe("800");
  expect(at<Values>(values, "consumer")).not.toHaveProperty("replicas");
  expect(pick(objects, "ScaledObject", named("consumer")).spec).toMatchObject({
    minReplicaCount: 3,
    maxReplicaCount: 48,
  });
});

test("somebody is told of alerts, and their links lead somewhere", () => {
  const config = pick(objects, "AlertmanagerConfig", "countinghouse");
  const [receiver] = at<Values[]>(config, "spec.receivers");
  expect(Object.keys(receiver ?? {}).filter((key) => key.endsWith("Configs"))).toHaveLength(1);
  expect(JSON.stringify(receiver)).not.toContain("console");
  const rules = JSON.stringify(pick(objects, "PrometheusRule", "countinghouse-prometheus-rules").spec);
  expect(rules).toContain('"runbook_url":"https://');
  expect(rules).not.toContain('"runbook_url":"docs/');
});

test("the lake asks one replica, and no other part does", () => {
  const withLake = render({ "lake.enabled": true, "lake.url": "s3://events-lake" }, ["k8s/production/values.yaml"]);
  const asked = [...podSpecs(withLake)].flatMap(([name, { containers }]) =>
    containers.flatMap(({ env = [] }) =>
      env
        .filter((one) => one.name === "CLICKHOUSE_URL")
        .map(({ value = "" }) => [name, new URL(value).hostname] as const),
    ),
  );
  const replica = "chi-countinghouse-countinghouse-0-0.clickhouse.svc";
  const lake = asked.filter(([name]) => /lake|restore/.test(name));
  expect(lake.length).toBeGreaterThanOrEqual(2);
  expect(lake.every(([, host]) => host === replica)).toBe(true);
  expect(asked.filter(([, host]) => host === replica)).toEqual(lake);
});
