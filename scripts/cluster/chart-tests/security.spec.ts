import { describe, expect, test } from "bun:test";
import { documentedRights, type Rules } from "../documented-rights.ts";
import { at, EVERYTHING, named, pick, podSpecs, type Rendered, render } from "./render.ts";

const objects = render(EVERYTHING);
const pods = [...podSpecs(objects)];

describe("every pod", () => {
  test("there are pods to look at", () => {
    expect(pods.length).toBe(14);
  });

  test.each(pods)("%s fits Pod Security `restricted`", (_, spec) => {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(Number(spec.securityContext.runAsUser)).toBeGreaterThan(0);
    for (const container of spec.containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  });

  test.each(pods)("%s has no token, but for the Job that makes Secrets, and no variables of Services", (name, spec) => {
    expect(spec.automountServiceAccountToken).toBe(name.startsWith(`Job/${named("secrets")}-`));
    expect(spec.enableServiceLinks).toBe(false);
  });

  test.each(pods)("%s asks for CPU and memory, and has a memory limit", (_, spec) => {
    for (const { resources } of spec.containers) {
      expect(Object.keys(resources.requests ?? {}).sort()).toEqual(["cpu", "memory"]);
      expect(resources.limits).toHaveProperty("memory");
    }
  });

  test.each(pods)("%s takes secrets by reference only", (_, spec) => {
    for (const { name, value, valueFrom } of spec.containers.flatMap(({ env = [] }) => env)) {
      if (!/PASSWORD|KEY|SECRET|TOKEN|CLICKHOUSE_(WRITE_)?USER/.test(name) || name.endsWith("_FILE")) continue;
      expect(value).toBeUndefined();
      expect(valueFrom?.secretKeyRef?.name).toBeString();
    }
  });

  test.each(pods)("%s has a policy's labels", (name) => {
    expect(name).toMatch(/^(Deployment|Job|CronJob|Pod)\//);
  });
});

test("no ServiceAccount mounts a token", () => {
  const accounts = objects.filter(({ kind }) => kind === "ServiceAccount");
  expect(accounts.map(({ metadata }) => metadata.name).sort()).toEqual([
    ...[
      "console",
      "consumer",
      "ingest",
      "lake",
      "migrate",
      "operate",
      "producer",
      "secrets",
      "verify",
      "verify-watch",
    ].map(named),
  ]);
  for (const account of accounts) expect(account.automountServiceAccountToken).toBe(false);
});

test("no ConfigMap holds a password or a key", () => {
  for (const map of objects.filter(({ kind }) => kind === "ConfigMap")) {
    expect(
      Object.keys(at<object>(map, "data")).filter(
        (name) => /PASSWORD|API_KEYS|SECRET|TOKEN/.test(name) && !name.endsWith("_FILE"),
      ),
    ).toEqual([]);
  }
});

function aclsOf(user: string, from: readonly Rendered[] = objects): string[] {
  return textOf(at<Rules>(pick(from, "KafkaUser", `countinghouse-${user}`), "spec.authorization.acls"));
}

const textOf = (rules: Rules) =>
  rules
    .map(
      ({ resource, operations }) => `${resource.type}:${resource.patternType}:${resource.name} ${operations.join("+")}`,
    )
    .sort();

describe("KafkaUsers may do what their workers do and no more", () => {
  test("producer: writes events and ledger", () => {
    expect(aclsOf("producer")).toEqual([
      "topic:literal:events Describe+Write",
      "topic:literal:events.ledger Describe+Write",
    ]);
  });
  test("ingest: writes events and ledger", () => {
    expect(aclsOf("ingest")).toEqual([
      "topic:literal:events Describe+Write",
      "topic:literal:events.ledger Describe+Write",
    ]);
  });
  test("consumer: reads in its groups, writes dead letters", () => {
    expect(aclsOf("consumer")).toEqual([
      "group:literal:countinghouse Read",
      "group:literal:countinghouse-ledger Read",
      "topic:literal:events Describe+DescribeConfigs+Read",
      "topic:literal:events.dlq Describe+Write",
      "topic:literal:events.ledger Describe+Read",
    ]);
  });
  test("verify: reads, never writes", () => {
    expect(aclsOf("verify").join()).not.toMatch(/Write|Create|Alter/);
  });
  test("migrate: creates topics only when Strimzi does not", () => {
    expect(aclsOf("migrate").join()).not.toContain("Create");
    expect(aclsOf("migrate", render({ "kafka.topics.create": false })).join()).toContain("Create");
  });
  test("operate: repairs, by reading, by sending events again and by setting its groups' offsets", () => {
    expect(aclsOf("operate")).toEqual([
      "group:literal:countinghouse Read",
      "group:literal:countinghouse-ledger Read",
      "group:prefix:ops- Read+Delete",
      "topic:literal:events Describe+DescribeConfigs+Read+Write",
      "topic:literal:events.dlq Describe+DescribeConfigs+Read",
      "topic:literal:events.ledger Describe+DescribeConfigs+Read+Write",
    ]);
  });
  test("scaler: describes", () => {
    expect(aclsOf("scaler")).toEqual(["group:literal:countinghouse Describe", "topic:literal:events Describe"]);
  });
  test("every user logs in with SCRAM-SHA-512 and is used by somebody", () => {
    const users = objects.filter(({ kind }) => kind === "KafkaUser");
    expect(users.length).toBe(8);
    for (const user of users) expect(at<string>(user, "spec.authentication.type")).toBe("scram-sha-512");
  });
});

test("docs/kubernetes.md lists the rights of every user, for a Kafka whose users Strimzi does not make", () => {
  const from = render({ ...EVERYTHING, "kafka.topics.create": false });
  const listed = documentedRights();
  const users = from
    .filter(({ kind }) => kind === "KafkaUser")
    .map(({ metadata }) => metadata.name.replace("countinghouse-", ""));
  expect([...listed.keys()].sort()).toEqual(users.sort());
  for (const user of users) expect(textOf(listed.get(user) ?? [])).toEqual(aclsOf(user, from));
});

describe("NetworkPolicies", () => {
  const policies = objects.filter(({ kind }) => kind === "NetworkPolicy");
  test("deny everything first", () => {
    const spec = at<object>(pick(objects, "NetworkPolicy", "countinghouse-default-deny"), "spec");
    expect(spec).toMatchObject({ policyTypes: ["Ingress", "Egress"] });
    expect(spec).not.toHaveProperty("ingress");
    expect(spec).not.toHaveProperty("egress");
  });
  test("select the pods of this release only", () => {
    for (const policy of policies) {
      expect(at<object>(policy, "spec.podSelector.matchLabels")).toMatchObject({
        "app.kubernetes.io/instance": "countinghouse",
      });
    }
  });
  test("the producer cannot reach ClickHouse", () => {
    const spec = pick(objects, "NetworkPolicy", "countinghouse-clickhouse").spec;
    const [expression] = at<{ values: string[] }[]>(spec, "podSelector.matchExpressions");
    expect(expression?.values).toEqual([
      "consumer",
      "console",
      "migrate",
      "verify",
      "verify-watch",
      "operate",
      "resolve",
      "smoke",
      "lake",
      "restore",
    ]);
  });
});
