import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../settings.ts";
import { at, example, named, type PodSpec, pick, podSpecs, type Rendered, render, template } from "./render.ts";

const config = (objects: readonly Rendered[], name = "consumer") =>
  at<Record<string, string>>(pick(objects, "ConfigMap", named(name)), "data");
const pod = (objects: readonly Rendered[], key = "Deployment/countinghouse-consumer"): PodSpec => {
  const found = podSpecs(objects).get(key);
  if (found === undefined) throw new Error(`no ${key}`);
  return found;
};
/** The Secrets a pod cannot start without. */
const secretsOf = (objects: readonly Rendered[], key?: string) =>
  pod(objects, key)
    .volumes.flatMap(({ secret }) => (secret ? [secret.secretName] : []))
    .sort();
const fromSecret = (spec: PodSpec, variable: string) =>
  spec.containers[0]?.env?.find(({ name }) => name === variable)?.valueFrom?.secretKeyRef;
const egress = (objects: readonly Rendered[], policy: string, rule: number) =>
  at<{ to?: unknown[]; ports: { port: number }[] }>(
    pick(objects, "NetworkPolicy", named(policy)),
    `spec.egress.${rule}`,
  );
const ports = ({ ports: list }: { ports: { port: number }[] }) => list.map(({ port }) => port);

describe("Strimzi in the same namespace", () => {
  const objects = render();
  test("is reached by a name that is good from every namespace, with its CA", () => {
    expect(config(objects)).toMatchObject({
      KAFKA_BROKERS: "countinghouse-kafka-bootstrap.countinghouse.svc:9093",
      KAFKA_SSL: "true",
      KAFKA_SSL_CA_FILE: "/etc/kafka-ca/ca.crt",
      KAFKA_SASL_MECHANISM: "scram-sha-512",
      KAFKA_SASL_USERNAME: "countinghouse-consumer",
      KAFKA_SASL_PASSWORD_FILE: "/etc/kafka-login/password",
    });
    expect(secretsOf(objects)).toEqual([
      "clickhouse-insert",
      "countinghouse-cluster-ca-cert",
      "countinghouse-consumer",
    ]);
  });
});

describe("passwords", () => {
  const every = [...podSpecs(render({}, [example("tainted-nodes")]))].filter(
    ([name]) => !/lake|restore|smoke/.test(name),
  );
  test.each(every)("%s reads them from files, which can rotate", (_, spec) => {
    const names = spec.containers.flatMap(({ env = [] }) => env.map(({ name }) => name));
    expect(names.filter((name) => /(PASSWORD|TOKEN|API_KEYS)$/.test(name))).toEqual([]);
  });
});

describe("Amazon MSK", () => {
  const objects = render({}, [example("msk")]);
  test("needs no Secret with a CA", () => {
    expect(config(objects)).not.toHaveProperty("KAFKA_SSL_CA_FILE");
    expect(config(objects)).toMatchObject({ KAFKA_SSL: "true", KAFKA_SASL_MECHANISM: "scram-sha-512" });
    expect(secretsOf(objects)).toEqual(["clickhouse-insert", "msk-consumer"]);
    expect(JSON.stringify(objects)).not.toContain("cluster-ca-cert");
  });
  test("takes names of users from their Secrets, in jobs too", () => {
    for (const [key, user] of [
      ["Deployment/countinghouse-consumer", "consumer"],
      ["CronJob/countinghouse-verify", "verify"],
      ["CronJob/countinghouse-operate", "operate"],
    ] as const) {
      expect(fromSecret(pod(objects, key), "KAFKA_SASL_USERNAME")).toEqual({ name: `msk-${user}`, key: "username" });
    }
  });
  test("is reached through the policy, and is asked for nothing of Strimzi", () => {
    expect(egress(objects, "dns-and-kafka", 1)).toEqual({
      to: [{ ipBlock: { cidr: "10.20.0.0/16" } }] as unknown[],
      ports: [{ protocol: "TCP", port: 9096 }] as never,
    });
    expect(objects.filter(({ kind }) => kind.startsWith("Kafka"))).toEqual([]);
  });
});

test("Confluent Cloud: PLAIN, one API key for all, any address on its port", () => {
  const objects = render({}, [example("confluent-cloud")]);
  expect(config(objects)).toMatchObject({
    KAFKA_SASL_MECHANISM: "plain",
    KAFKA_SASL_PASSWORD_FILE: "/etc/kafka-login/secret",
  });
  for (const [name, spec] of podSpecs(objects)) {
    if (name.includes("secrets")) continue;
    expect(fromSecret(spec, "KAFKA_SASL_USERNAME")).toEqual({ name: "confluent-api-key", key: "key" });
  }
  expect(egress(objects, "dns-and-kafka", 1)).toEqual({ ports: [{ protocol: "TCP", port: 9092 }] as never });
});

test("Redpanda: SCRAM-SHA-256, any legal topic, IPv6", () => {
  const objects = render({}, [example("redpanda")]);
  expect(config(objects)).toMatchObject({
    KAFKA_BROKERS: "redpanda-0.redpanda.redpanda.svc:9093,[fd00:10::7]:9093",
    KAFKA_SASL_MECHANISM: "scram-sha-256",
    KAFKA_SASL_USERNAME: "counting-consumer",
    KAFKA_EVENTS_TOPIC: "Prod_Events",
    KAFKA_SSL_CA_FILE: "/etc/kafka-ca/ca.crt",
  });
  expect(secretsOf(objects)).toContain("redpanda-ca");
});

test("no encryption, no login", () => {
  const objects = render({}, [example("plain-kafka")]);
  expect(config(objects).KAFKA_SSL).toBe("false");
  expect(Object.keys(config(objects)).filter((name) => name.includes("SASL"))).toEqual([]);
  expect(secretsOf(objects)).toEqual(["clickhouse-counting"]);
  expect(config(objects)).toMatchObject({
    CLICKHOUSE_USER: "counting",
    CLICKHOUSE_PASSWORD_FILE: "/etc/clickhouse-login/pw",
  });
  expect(ports(egress(objects, "clickhouse", 0))).toContain(8123);
  expect(egress(objects, "clickhouse", 0)).not.toHaveProperty("to");
});

test("a login that Strimzi cannot make is refused with the value to set", () => {
  const { code, stderr } = template({ "kafka.auth.mechanism": "plain" });
  expect(code).not.toBe(0);
  expect(stderr).toContain("kafka.auth.mechanism=plain needs kafka.users.create=false");
});

describe("topics of any legal name", () => {
  const name = (topic: string) => {
    const [found] = render({ "kafka.topics.events.name": topic }).filter(
      (object) => object.kind === "KafkaTopic" && at<string>(object, "spec.topicName") === topic,
    );
    return found?.metadata.name;
  };
  test("keep their name where Kubernetes allows it", () => {
    expect(name("events.v2")).toBe("events.v2");
  });
  test.each(["Prod_Events", "a..b", "_", "-x-", `${"X_".repeat(124)}Y`])("%s gets one of its own", (topic) => {
    expect(name(topic)).toMatch(/^[a-z0-9]([-a-z0-9]{0,250}[a-z0-9])?$/);
  });
  test("which differs where names differ in case alone, and does not change", () => {
    expect(name("Prod_Events")).not.toBe(name("prod_Events"));
    expect(name("Prod_Events")).toBe(name("Prod_Events"));
  });
});

describe("KEDA", () => {
  const trigger = (objects: readonly Rendered[]) =>
    at<Record<string, string>>(pick(objects, "ScaledObject", named("consumer")), "spec.triggers.0.metadata");
  const login = (objects: readonly Rendered[]) => {
    const refs = at<{ parameter: string; name: string; key: string }[]>(
      pick(objects, "TriggerAuthentication", named("consumer-scaler")),
      "spec.secretTargetRef",
    );
    return Object.fromEntries(refs.map(({ parameter, name, key }) => [parameter, `${name}/${key}`]));
  };
  const stored = (objects: readonly Rendered[]) =>
    at<Record<string, string>>(pick(objects, "Secret", named("consumer-scaler")), "stringData");

  test("dials by a name that is good from its own namespace, in a protocol of Kafka 4", () => {
    const objects = render({}, [example("keda")]);
    expect(trigger(objects)).toMatchObject({
      bootstrapServers: "countinghouse-kafka-bootstrap.countinghouse.svc:9093",
      consumerGroup: "countinghouse",
      version: "3.6.0",
    });
    expect(login(objects)).toEqual({
      sasl: "countinghouse-consumer-scaler/sasl",
      tls: "countinghouse-consumer-scaler/tls",
      username: "countinghouse-consumer-scaler/username",
      password: "countinghouse-scaler/password",
      ca: "countinghouse-cluster-ca-cert/ca.crt",
    });
    expect(stored(objects)).toEqual({ sasl: "scram_sha512", username: "countinghouse-scaler", tls: "enable" });
  });
  test("logs in to any Kafka as the workers do", () => {
    const confluent = render({}, [example("confluent-cloud"), example("keda")]);
    expect(stored(confluent)).toMatchObject({ sasl: "plaintext" });
    expect(login(confluent)).toMatchObject({ username: "confluent-api-key/key", password: "confluent-api-key/secret" });
    expect(login(confluent)).not.toHaveProperty("ca");
    const plain = render({}, [example("plain-kafka"), example("keda")]);
    expect(stored(plain)).toMatchObject({ sasl: "none", tls: "disable" });
    expect(login(plain)).not.toHaveProperty("password");
  });
});

test("ClickHouse's own logs have a TTL, or are not written", () => {
  const config = readFileSync(join(ROOT, "k8s/clickhouse/config.d/server.xml"), "utf8");
  const logs = ["query", "part", "query_views", "error", "backup", "crash", "query_thread", "query_metric", "latency"];
  const others = ["metric", "asynchronous_metric", "asynchronous_insert", "trace", "text", "processors_profile"];
  for (const log of [...logs, ...others, "blob_storage", "s3queue", "opentelemetry_span", "background_schedule_pool"]) {
    const name = `${log}_log`;
    const isKeptShort = new RegExp(`<${name}><ttl>event_date \\+ INTERVAL \\d+ DAY DELETE</ttl></${name}>`).test(
      config,
    );
    expect(`${name} ${isKeptShort || config.includes(`<${name} remove="1"/>`)}`).toBe(`${name} true`);
  }
});

describe("ClickHouse elsewhere", () => {
  test("Cloud: https, the public CAs, any address on its port", () => {
    const objects = render({}, [example("clickhouse-cloud")]);
    expect(config(objects)).toMatchObject({
      CLICKHOUSE_URL: "https://abc123xyz.eu-central-1.aws.clickhouse.cloud:8443",
    });
    expect(config(objects)).not.toHaveProperty("CLICKHOUSE_CA_FILE");
    expect(egress(objects, "clickhouse", 0)).not.toHaveProperty("to");
    expect(ports(egress(objects, "clickhouse", 0))).toContain(8443);
  });
  test("of an operator: own CA, own keys of Secrets, its namespace only", () => {
    const objects = render({}, [example("altinity")]);
    expect(config(objects)).toMatchObject({
      CLICKHOUSE_CA_FILE: "/etc/clickhouse-ca/ca.crt",
      CLICKHOUSE_PASSWORD_FILE: "/etc/clickhouse-login/pass",
    });
    expect(fromSecret(pod(objects), "CLICKHOUSE_USER")).toEqual({ name: "clickhouse-insert", key: "user" });
    expect(egress(objects, "clickhouse", 0)).toMatchObject({ ports: [{ port: 8443 }], to: [{}] });
  });
  test("a host without a dot is a Service here, and only its pods are reached", () => {
    expect(egress(render(), "clickhouse", 0).to).toEqual([
      { podSelector: { matchLabels: { "app.kubernetes.io/name": "clickhouse" } } },
    ]);
  });
});
