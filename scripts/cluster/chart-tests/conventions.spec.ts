import { describe, expect, test } from "bun:test";
import { at, EVERYTHING, example, named, pick, podSpecs, type Rendered, render, template } from "./render.ts";

const keyOf = ({ kind, metadata }: Rendered) => `${kind}/${metadata.name}`;
const kindsOf = (objects: readonly Rendered[]) => new Set(objects.map(({ kind }) => kind));

describe("two releases in one namespace", () => {
  const first = render(EVERYTHING);
  const second = render(EVERYTHING, [example("second-release")], { release: "second" });

  test("share no object", () => {
    const taken = new Set(first.map(keyOf));
    expect(second.map(keyOf).filter((key) => taken.has(key))).toEqual([]);
    expect(kindsOf(second)).toEqual(kindsOf(first));
  });
  test("no object has the bare name of a component, which another team may use", () => {
    const topics = ["events", "events.dlq", "events.ledger"];
    const bare = first.filter(({ metadata }) => !metadata.name.startsWith("countinghouse"));
    expect(bare.map(({ metadata }) => metadata.name).sort()).toEqual(topics);
  });
  test("select their own pods only", () => {
    for (const [release, objects] of [["countinghouse", first] as const, ["second", second] as const]) {
      const selectors = objects.flatMap((object) => {
        const path = { Service: "spec.selector", NetworkPolicy: "spec.podSelector.matchLabels" }[object.kind];
        const other = { Deployment: 1, PodDisruptionBudget: 1, PodMonitor: 1 }[object.kind];
        return path ? [at<object>(object, path)] : other ? [at<object>(object, "spec.selector.matchLabels")] : [];
      });
      expect(selectors.length).toBeGreaterThan(15);
      for (const selector of selectors) expect(selector).toMatchObject({ "app.kubernetes.io/instance": release });
    }
  });
  test("neither consume in one group nor write to one topic or database", () => {
    const config = (objects: readonly Rendered[], release: string) =>
      at<Record<string, string>>(pick(objects, "ConfigMap", `${release}-consumer`), "data");
    const [a, b] = [config(first, "countinghouse"), config(second, "second-countinghouse")];
    for (const name of ["KAFKA_GROUP_ID", "KAFKA_LEDGER_GROUP_ID", "KAFKA_EVENTS_TOPIC", "CLICKHOUSE_DATABASE"]) {
      expect(`${name} ${a[name]}`).not.toBe(`${name} ${b[name]}`);
    }
    expect(a.KAFKA_GROUP_ID).toBe("countinghouse");
  });
  test("tell Prometheus which of them a sample is from", () => {
    const labels = (objects: readonly Rendered[], name: string) =>
      at<object[]>(pick(objects, "PodMonitor", name), "spec.podMetricsEndpoints.0.relabelings");
    expect(labels(first, "countinghouse")).toContainEqual({ targetLabel: "release", replacement: "countinghouse" });
    expect(labels(second, "second-countinghouse")).toContainEqual({ targetLabel: "release", replacement: "second" });
  });
});

describe("names", () => {
  test("follow fullnameOverride and nameOverride", () => {
    expect(render({ fullnameOverride: "events" }).some(({ metadata }) => metadata.name === "events-consumer")).toBe(
      true,
    );
    const other = render({ nameOverride: "counts" }, [], { release: "prod" });
    expect(other.some(({ metadata }) => metadata.name === "prod-counts-consumer")).toBe(true);
  });
  test("stay within Kubernetes' limits, and apart, however long the release's name is", () => {
    const long = (end: string) => render(EVERYTHING, [], { release: `${"a-long-release-name-".repeat(2)}${end}` });
    const [one, two] = [long("one"), long("two")];
    for (const { metadata } of one.filter(({ kind }) => /^(Service|Deployment|Job|Pod)$/.test(kind))) {
      expect(metadata.name.length).toBeLessThanOrEqual(63);
    }
    for (const { metadata } of one.filter(({ kind }) => kind === "CronJob")) {
      expect(metadata.name.length).toBeLessThanOrEqual(52);
    }
    const names = new Set(one.filter(({ kind }) => kind === "Deployment").map(keyOf));
    expect(two.filter((object) => names.has(keyOf(object)))).toEqual([]);
  });
});

describe("what a platform team asks of every pod", () => {
  const objects = render({}, [example("tainted-nodes")]);
  const pods = [...podSpecs(objects)];
  test("there are pods of every kind", () => {
    const kinds = new Set(pods.map(([name]) => name.split("/")[0]));
    expect([...kinds].sort()).toEqual(["CronJob", "Deployment", "Job", "Pod"]);
    expect(pods.length).toBe(14);
  });
  test.each(pods)("%s gets it", (name, spec) => {
    expect(spec).toMatchObject({
      nodeSelector: { pool: "events" },
      tolerations: [{ key: "dedicated", effect: "NoSchedule" }],
      priorityClassName: name.endsWith("-consumer") ? "critical" : "business",
      imagePullSecrets: [{ name: "team" }, { name: "mirror" }],
    });
    expect(spec.affinity).toHaveProperty("nodeAffinity");
    expect(spec.topologySpreadConstraints?.[0]).toMatchObject({ topologyKey: "topology.kubernetes.io/zone" });
    expect(spec.topologySpreadConstraints?.[0]).toHaveProperty(["labelSelector", "matchLabels"]);
    const [container] = spec.containers;
    expect(container?.image).toStartWith("registry.example.com/mirror/countinghouse/");
    expect(container?.env).toContainEqual({ name: "HTTPS_PROXY", value: "http://proxy.example.com:3128" });
    expect(container?.volumeMounts.map(({ mountPath }) => mountPath)).toContain("/etc/company-ca");
    expect(spec.volumes.map((volume) => volume.name)).toContain("company-ca");
  });
  test("its labels and annotations are on every pod, and its labels on every object", () => {
    const templates = objects.flatMap((object) => {
      const path = { Deployment: "spec.template", Job: "spec.template", CronJob: "spec.jobTemplate.spec.template" };
      const found = path[object.kind as keyof typeof path];
      return object.kind === "Pod" ? [object] : found ? [at<Rendered>(object, found)] : [];
    });
    expect(templates.length).toBe(14);
    for (const { metadata } of templates) {
      expect(metadata.labels).toMatchObject({ "cost-centre": "4711", team: "analytics" });
      expect(at<object>(metadata, "annotations")).toMatchObject({ "example.com/scan": "true" });
    }
    for (const { metadata } of objects) expect(metadata.labels).toMatchObject({ team: "analytics" });
  });
  test("a digest wins over the tag", () => {
    const image = (name: string) => podSpecs(objects).get(`Deployment/${named(name)}`)?.containers[0]?.image;
    expect(image("consumer")).toBe(
      `registry.example.com/mirror/countinghouse/consumer@sha256:${"0123456789abcdef".repeat(4)}`,
    );
    expect(image("ingest")).toEndWith("/producer:0.1.0");
  });
});

test("a component's own setting wins over the one for all", () => {
  const values = { nodeSelector: { pool: "all" }, "verify.nodeSelector": { pool: "own" }, "lake.enabled": true };
  const specs = podSpecs(render({ ...values, "lake.url": "s3://bucket" }));
  const pool = (key: string) => specs.get(key)?.nodeSelector?.pool;
  expect(pool("Deployment/countinghouse-consumer")).toBe("all");
  for (const key of [
    "CronJob/countinghouse-verify",
    "Deployment/countinghouse-verify-watch",
    "Pod/countinghouse-smoke",
  ]) {
    expect(`${key} ${pool(key)}`).toBe(`${key} own`);
  }
});

test("one account for all, when none may be made", () => {
  const objects = render({ ...EVERYTHING, serviceAccount: { create: false, name: "shared" } });
  expect(objects.some(({ kind }) => kind === "ServiceAccount")).toBe(false);
  for (const [name, spec] of podSpecs(objects)) expect(`${name} ${spec.serviceAccountName}`).toBe(`${name} shared`);
});

test("OpenShift chooses users and groups itself", () => {
  const objects = render({}, [example("openshift")]);
  for (const [, { securityContext }] of podSpecs(objects)) {
    expect(securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
  }
  const dns = at<object>(pick(objects, "NetworkPolicy", named("dns-and-kafka")), "spec.egress.0");
  expect(dns).toMatchObject({
    to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "openshift-dns" } } }],
    ports: [
      { protocol: "UDP", port: 5353 },
      { protocol: "TCP", port: 5353 },
    ],
  });
});

test("/tmp has room for an audit, and as much as is asked for", () => {
  const size = (objects: readonly Rendered[], key: string) =>
    at<string>(
      podSpecs(objects)
        .get(key)
        ?.volumes.find(({ name }) => name === "tmp"),
      "emptyDir.sizeLimit",
    );
  const defaults = render();
  expect(size(defaults, "Deployment/countinghouse-consumer")).toBe("64Mi");
  for (const key of ["CronJob/countinghouse-verify", "Deployment/countinghouse-verify-watch"]) {
    expect(size(defaults, key)).toBe("2Gi");
    expect(size(render({ "verify.tmpSize": "20Gi" }), key)).toBe("20Gi");
  }
});

describe("verify switched off", () => {
  const objects = render({ ...EVERYTHING, "verify.enabled": false });
  test("leaves no reference to its KafkaUser", () => {
    expect(JSON.stringify(objects)).not.toContain("countinghouse-verify");
    expect([...podSpecs(objects).keys()].filter((key) => key.includes("smoke"))).toEqual([]);
  });
});

describe("a cluster without the operators", () => {
  const builtIn = "apps/v1/Deployment";
  test("is named in one message with the way out of each", () => {
    const values = {
      "consumer.autoscaling.enabled": true,
      "ingest.httpRoute": { enabled: true, parentRefs: [{ name: "a" }] },
    };
    const { code, stderr } = template(values, [], { apis: [builtIn] });
    expect(code).not.toBe(0);
    for (const text of [
      "kafka.strimzi.io/v1/KafkaUser: install Strimzi 1.0 or later, or set kafka.users.create=false",
      "kafka.strimzi.io/v1/KafkaTopic",
      "monitoring.coreos.com/v1/PodMonitor",
      "keda.sh/v1alpha1/ScaledObject: install KEDA",
      "gateway.networking.k8s.io/v1/HTTPRoute",
    ]) {
      expect(stderr).toContain(text);
    }
  });
  test("is accepted when it has what is used, or when the check is off", () => {
    const served = [
      "kafka.strimzi.io/v1/KafkaUser",
      "kafka.strimzi.io/v1/KafkaTopic",
      "monitoring.coreos.com/v1/PodMonitor",
      "monitoring.coreos.com/v1/PrometheusRule",
    ];
    expect(template({}, [], { apis: [builtIn, ...served] }).stderr).toBe("");
    expect(template({ "checks.apis": false }, [], { apis: [builtIn] }).code).toBe(0);
  });
});
