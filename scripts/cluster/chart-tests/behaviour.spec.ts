import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../settings.ts";
import { at, CHART, EVERYTHING, named, pick, podSpecs, type Rendered, render, template } from "./render.ts";

const objects = render();
const DEPLOYMENTS = ["producer", "consumer", "ingest"];

const config = (name: string, from: readonly Rendered[] = objects) =>
  at<Record<string, string>>(pick(from, "ConfigMap", named(name)), "data");
const migrations = (from: readonly Rendered[]) =>
  from.filter(({ kind, metadata }) => kind === "Job" && metadata.name.startsWith(named("migrate")));

describe("Deployments", () => {
  test("are named after release and worker, for kubectl scale deployment/countinghouse-consumer", () => {
    expect(
      objects
        .filter(({ kind }) => kind === "Deployment")
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual([...DEPLOYMENTS, "verify-watch"].map(named).sort());
  });

  test.each(DEPLOYMENTS)("%s has more time to stop than it drains, whatever the drain time", (name) => {
    for (const seconds of [1, 20, 300]) {
      const spec = podSpecs(render({ "drain.seconds": seconds })).get(`Deployment/${named(name)}`);
      expect(spec?.terminationGracePeriodSeconds).toBeGreaterThan(seconds);
      const variables = config(name, render({ "drain.seconds": seconds }));
      expect(variables.DRAIN_TIMEOUT_MS ?? variables.SHUTDOWN_GRACE_MS).toBe(String(seconds * 1000));
    }
  });

  test.each(DEPLOYMENTS)("%s is probed on its health port", (name) => {
    const container = podSpecs(objects).get(`Deployment/${named(name)}`)?.containers[0];
    expect(container?.livenessProbe).toMatchObject({ httpGet: { path: "/livez", port: "health" } });
    expect(container?.readinessProbe).toMatchObject({ httpGet: { path: "/readyz", port: "health" } });
    expect(config(name).HEALTH_PORT).toBe("9400");
  });

  test.each(DEPLOYMENTS)("%s spreads over nodes and has a disruption budget", (name) => {
    const constraints = at<{ topologyKey: string }[]>(
      pick(objects, "Deployment", named(name)),
      "spec.template.spec.topologySpreadConstraints",
    );
    expect(constraints[0]?.topologyKey).toBe("kubernetes.io/hostname");
    expect(at<number>(pick(objects, "PodDisruptionBudget", named(name)), "spec.maxUnavailable")).toBe(1);
  });

  test("restart when their configuration changes, and only then", () => {
    const checksum = (from: readonly Rendered[]) =>
      at<Record<string, string>>(pick(from, "Deployment", named("consumer")), "spec.template.metadata.annotations")[
        "checksum/config"
      ];
    expect(checksum(render())).toBe(checksum(objects));
    expect(checksum(render({ "producer.rate": 7 }))).toBe(checksum(objects));
    expect(checksum(render({ "consumer.batchMaxRows": 7 }))).not.toBe(checksum(objects));
  });

  test("further variables are added, and a worker may log more than the others", () => {
    const env = { BATCH_MAX_ROWS: "5", KAFKA_SESSION_TIMEOUT_MS: "9000", LOG_LEVEL: "debug" };
    const rendered = render({ "consumer.env": env });
    expect(config("consumer", rendered)).toMatchObject(env);
    expect(config("ingest", rendered).LOG_LEVEL).toBe("info");
  });
});

test("the consumer divides its memory itself, and the limit leaves room beyond it", () => {
  const rendered = config("consumer", render());
  expect(rendered.MEMORY_MB).toBe("400");
  expect(rendered).not.toHaveProperty("BATCH_MAX_ROWS");
  const resources = { "consumer.resources.limits.memory": "1250Mi" };
  expect(
    config("consumer", render({ "consumer.memoryMb": 1000, "consumer.batchMaxRows": 7, ...resources })),
  ).toMatchObject({
    MEMORY_MB: "1000",
    BATCH_MAX_ROWS: "7",
  });
});

test("large numbers reach the workers as digits", () => {
  const rendered = render({ "producer.rate": 1000000, "events.maxBytes": 10000000, "consumer.batchMaxRows": 1000000 });
  expect(config("producer", rendered).SIM_RATE).toBe("1000000");
  expect(config("consumer", rendered)).toMatchObject({ EVENT_MAX_BYTES: "10000000", BATCH_MAX_ROWS: "1000000" });
});

test("every variable of the chart is one that a worker reads", () => {
  const source = [...new Bun.Glob("workers/**/*config*.ts").scanSync({ cwd: ROOT })]
    .map((file) => readFileSync(join(ROOT, file), "utf8"))
    .join();
  const names = render({})
    .filter(({ kind }) => kind === "ConfigMap")
    .flatMap((map) => Object.keys(at<object>(map, "data")));
  const unknown = names.filter((name) => /^[A-Z_]+$/.test(name) && !new RegExp(`\\b${name}\\b`).test(source));
  expect(unknown).toEqual([]);
});

describe("migrations", () => {
  test("are an ordinary Job whose name follows from its content", () => {
    const [job] = migrations(objects);
    expect(at<object>(job, "metadata")).not.toHaveProperty("annotations");
    expect(migrations(render())[0]?.metadata.name).toBe(job?.metadata.name);
    expect(migrations(render({ "image.tag": "next" }))[0]?.metadata.name).not.toBe(job?.metadata.name);
    expect(migrations(render({ "consumer.replicas": 3 }))[0]?.metadata.name).toBe(job?.metadata.name);
  });
  test("leave the topics to Strimzi, or create them as configured", () => {
    const args = (values = {}) => at<string[]>(migrations(render(values))[0], "spec.template.spec.containers.0.args");
    expect(args()).toContain("--no-topics");
    const topics = { create: false, replicas: 3, minInsyncReplicas: 2, deadLetters: { partitions: 2 } };
    expect(args({ "kafka.topics": topics }).join(" ")).toContain(
      "--partitions 6 --dlq-partitions 2 --replication-factor 3 --min-insync-replicas 2 --topic-retention 7d",
    );
  });
});

describe("topics", () => {
  test("carry the broker's append time, and the ledger is compacted", () => {
    const topic = (name: string) => at<Record<string, unknown>>(pick(objects, "KafkaTopic", name), "spec.config");
    expect(topic("events")).toMatchObject({ "message.timestamp.type": "LogAppendTime", "retention.ms": 604800000 });
    expect(topic("events.dlq")).toMatchObject({ "message.timestamp.type": "LogAppendTime", "retention.ms": -1 });
    expect(topic("events.ledger")).toMatchObject({ "cleanup.policy": "compact" });
  });
  test("outlive an uninstallation", () => {
    for (const topic of objects.filter(({ kind }) => kind === "KafkaTopic")) {
      expect(at<Record<string, string>>(topic, "metadata.annotations")["helm.sh/resource-policy"]).toBe("keep");
    }
  });
  test("are copied in the profile ha", () => {
    const topic = pick(render({}, ["k8s/values/ha.yaml"]), "KafkaTopic", "events");
    expect(topic.spec).toMatchObject({ replicas: 3, config: { "min.insync.replicas": 2 } });
  });
});

describe("autoscaling", () => {
  test("is off by default", () => {
    expect(objects.some(({ kind }) => kind === "ScaledObject")).toBe(false);
    expect(pick(objects, "Deployment", named("consumer")).spec).not.toHaveProperty("replicas");
  });
  test("takes the replicas from the Deployment and stops at the number of partitions", () => {
    const scaled = render({
      ...EVERYTHING,
      "consumer.autoscaling.maxReplicas": 50,
      "kafka.topics.events.partitions": 12,
    });
    expect(at<object>(pick(scaled, "Deployment", named("consumer")), "spec")).not.toHaveProperty("replicas");
    expect(at<number>(pick(scaled, "ScaledObject", named("consumer")), "spec.maxReplicaCount")).toBe(12);
  });
  test("keeps a Deployment at zero when asked to", () => {
    const kept = pick(render({ "consumer.replicas": 0 }), "Deployment", named("consumer"));
    expect(at<number>(kept, "spec.replicas")).toBe(0);
  });
});

describe("monitoring", () => {
  test("rules reach Prometheus as they are in the file, narrowed to this release", () => {
    const spec = pick(objects, "PrometheusRule", "countinghouse-prometheus-rules").spec;
    const own = 'namespace="countinghouse",release="countinghouse"';
    const text = readFileSync(join(CHART, "files/prometheus-rules.yaml"), "utf8").replaceAll('release=~".*"', own);
    const file: unknown = Bun.YAML.parse(text);
    expect(spec).toEqual(file as typeof spec);
  });
  test("links of the alerts lead where the runbook is", () => {
    const linked = render({ "monitoring.rules.runbook": "https://example.org/runbook" });
    const text = JSON.stringify(pick(linked, "PrometheusRule", "countinghouse-prometheus-rules").spec);
    expect(text).toContain('"runbook_url":"https://example.org/runbook#countsdiffer"');
  });
  test("notifications go to the console, with its token", () => {
    const config = pick(render({ "console.enabled": true }), "AlertmanagerConfig", "countinghouse");
    const [webhook] = at<object[]>(config, "spec.receivers.0.webhookConfigs");
    expect(webhook).toMatchObject({ url: "http://countinghouse-console.countinghouse.svc:80/api/v1/alerts/webhook" });
    expect(webhook).toMatchObject({ httpConfig: { authorization: { credentials: { key: "token" } } } });
    expect(at<object[]>(config, "spec.inhibitRules").length).toBeGreaterThan(3);
    expect(render({ "console.enabled": false }).some(({ kind }) => kind === "AlertmanagerConfig")).toBe(false);
  });
  test("notifications go to Slack and by e-mail, with passwords from Secrets", () => {
    const config = pick(
      render({
        "monitoring.notifications.slack": { enabled: true, channel: "#events", urlSecret: { name: "slack" } },
        "monitoring.notifications.email": {
          enabled: true,
          to: "ops@example.org",
          from: "alerts@example.org",
          smarthost: "mail:587",
          username: "alerts",
          passwordSecret: { name: "smtp" },
        },
      }),
      "AlertmanagerConfig",
      "countinghouse",
    );
    const receiver = at<{ slackConfigs: unknown[]; emailConfigs: unknown[] }>(config, "spec.receivers.0");
    expect(receiver.slackConfigs[0]).toMatchObject({ channel: "#events", apiURL: { name: "slack", key: "url" } });
    expect(receiver.emailConfigs[0]).toMatchObject({ authPassword: { name: "smtp", key: "password" } });
    expect(() => render({ "monitoring.notifications.slack.enabled": true })).toThrow("urlSecret.name is required");
  });
  test("can be left out on clusters without the operator", () => {
    const bare = render({ "monitoring.podMonitor.enabled": false, "monitoring.rules.enabled": false });
    expect(bare.filter(({ apiVersion }) => apiVersion.startsWith("monitoring.coreos.com"))).toEqual([]);
  });
});

test("images are registry, repository, worker and tag", () => {
  const [container] =
    podSpecs(render({ ...EVERYTHING, "image.tag": "abc" })).get("Deployment/countinghouse-ingest")?.containers ?? [];
  expect(container).toMatchObject({ image: "registry.example:5000/team/countinghouse/producer:abc" });
});

test("labels are the recommended ones on every object", () => {
  for (const { kind, metadata } of objects) {
    expect(`${kind}/${metadata.name} ${metadata.labels?.["app.kubernetes.io/name"]}`).toEndWith(" countinghouse");
    expect(metadata.labels).toHaveProperty(["app.kubernetes.io/managed-by"]);
  }
});

test("rendering twice gives the same, with everything that can be made", () => {
  expect(template(EVERYTHING).stdout).toBe(template(EVERYTHING).stdout);
});
