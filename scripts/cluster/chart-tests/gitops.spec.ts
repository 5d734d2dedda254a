import { describe, expect, test } from "bun:test";
import {
  at,
  EVERYTHING,
  example,
  HELM_VERSIONS,
  named,
  pick,
  podSpecs,
  type Rendered,
  render,
  template,
} from "./render.ts";

describe("GitOps", () => {
  test.each(HELM_VERSIONS)("helm %d renders the same twice, with nothing generated in the template", (helmVersion) => {
    for (const values of [{}, EVERYTHING]) {
      const text = () => template(values, [], { helmVersion }).stdout;
      expect(text()).toBe(text());
      expect(text().length).toBeGreaterThan(10_000);
    }
  });
  test("Secrets that nobody named are made by a Job that may do nothing else", () => {
    const objects = render({ "console.enabled": true });
    const [key, spec] = [...podSpecs(objects)].find(([name]) => name.startsWith(`Job/${named("secrets")}-`)) ?? [];
    expect(key).toBeString();
    expect(spec?.containers[0]?.args).toEqual([
      "secrets",
      "ensure",
      "countinghouse-ingest-api-keys/keys",
      "countinghouse-console-token/token",
    ]);
    expect(at<object[]>(pick(objects, "Role", named("secrets")), "rules")).toEqual([
      { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
    ]);
    expect(spec?.serviceAccountName).toBe(named("secrets"));
    expect(spec?.automountServiceAccountToken).toBe(true);
  });
  test("with existing Secrets there is no such Job, Role or token", () => {
    const objects = render({}, [example("gitops")]);
    expect(objects.filter(({ metadata }) => metadata.name.includes("-secrets"))).toEqual([]);
    expect(objects.filter(({ kind }) => kind === "Secret")).toEqual([]);
  });
  test("an unnamed Secret that may not be made is refused, with what to do", () => {
    const { code, stderr } = template({ "secrets.create": false });
    expect(code).not.toBe(0);
    expect(stderr).toContain("make the Secrets yourself and name them in ingest.apiKeysSecret");
  });
  test("Argo CD runs the migration with every sync, and nothing removes it in between", () => {
    const migrate = render({}, [example("gitops")]).find(({ kind }) => kind === "Job");
    expect(at<object>(migrate, "metadata.annotations")).toEqual({
      "argocd.argoproj.io/hook": "Sync",
      "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
    });
    expect(migrate?.spec).not.toHaveProperty("ttlSecondsAfterFinished");
  });
});

describe("upgrades", () => {
  test("a finished migration is removed after a time", () => {
    const migrate = render().find(({ metadata }) => metadata.name.startsWith(named("migrate-")));
    expect(migrate?.spec).toMatchObject({ ttlSecondsAfterFinished: 604800 });
  });
  test("leave the number of pods to kubectl scale, under helm 3 and 4", () => {
    for (const helmVersion of HELM_VERSIONS) {
      const deployments = render({ "console.enabled": true }, [], { helmVersion }).filter(
        ({ kind, metadata }) => kind === "Deployment" && !metadata.name.endsWith("verify-watch"),
      );
      expect(deployments.length).toBe(4);
      for (const { spec } of deployments) expect(spec).not.toHaveProperty("replicas");
    }
  });

  /** What the API server refuses to change on an object that exists. */
  const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
    Deployment: ["spec.selector"],
    Job: ["spec.template", "spec.selector", "spec.completions"],
    RoleBinding: ["roleRef"],
    KafkaTopic: ["spec.topicName"],
    Service: ["spec.clusterIP"],
    Secret: ["immutable", "type"],
  };
  const fixed = (objects: readonly Rendered[]) =>
    new Map(
      objects.map((object) => [
        `${object.kind}/${object.metadata.name}`,
        (IMMUTABLE[object.kind] ?? []).map((path) => JSON.stringify(at<unknown>(object, path))).join(),
      ]),
    );
  const before = fixed(render(EVERYTHING));
  test.each([
    [{ nameOverride: "other", fullnameOverride: "countinghouse" }],
    [{ commonLabels: { team: "other" }, podLabels: { tier: "other" } }],
    [{ "image.tag": "next" }],
    [{ "kafka.topics.events.name": "Other_Events" }],
    [{ "migrate.backoffLimit": 3, "events.rawRetentionDays": 100 }],
    [
      {
        extraEnv: [{ name: "A", value: "b" }],
        "secrets.resources": { requests: { cpu: "1m", memory: "1Mi" }, limits: { memory: "1Gi" } },
      },
    ],
    [{ serviceAccount: { create: false, name: "shared" } }],
    [{ "ingest.service.type": "LoadBalancer", "kafka.auth.mechanism": "plain", "kafka.users.create": false }],
  ])("never change what cannot change: %o", (values) => {
    const after = fixed(render({ ...EVERYTHING, ...values }));
    const changed = [...after].filter(([key, value]) => before.has(key) && before.get(key) !== value);
    expect(changed).toEqual([]);
  });
});

describe("helm 3 and helm 4", () => {
  test.each(["default", "tainted-nodes", "http-route", "openshift"])("make the same objects of %s", (name) => {
    const objects = (helmVersion: 3 | 4) => render({}, [example(name)], { helmVersion });
    expect(objects(4)).toEqual(objects(3));
  });
});
