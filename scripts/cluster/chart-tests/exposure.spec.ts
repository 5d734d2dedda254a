import { describe, expect, test } from "bun:test";
import { at, example, named, pick, type Rendered, render, template, type Values } from "./render.ts";

const from = (objects: readonly Rendered[], component: string) =>
  at<{ from?: unknown[] }>(pick(objects, "NetworkPolicy", named(component)), "spec.ingress.0");

describe("ingest and console from outside", () => {
  test("by Ingress, with paths, certificate and class", () => {
    const objects = render({}, [example("ingress")]);
    const backend = { service: { name: named("ingest"), port: { name: "http" } } };
    expect(pick(objects, "Ingress", named("ingest")).spec).toEqual({
      ingressClassName: "nginx",
      tls: [{ secretName: "events-tls", hosts: ["events.example.com"] }],
      rules: [{ host: "events.example.com", http: { paths: [{ path: "/v1", pathType: "Prefix", backend }] } }],
    });
    expect(at<string>(pick(objects, "Ingress", named("console")), "spec.rules.0.http.paths.0.path")).toBe("/");
  });
  test("for load balancers and web pages: keep-alive, allowed origins, keys that may only send, the public address", () => {
    const objects = render({}, [example("ingress")]);
    const configOf = (component: string) => at<unknown>(pick(objects, "ConfigMap", named(component)), "data");
    expect(configOf("ingest")).toMatchObject({
      HTTP_KEEP_ALIVE_SECONDS: "90",
      HTTP_ALLOWED_ORIGINS: "https://shop.example.com,https://www.example.com",
      PUBLIC_API_KEYS_FILE: "/etc/public-api-keys/keys",
    });
    const ingest = pick(objects, "Deployment", named("ingest"));
    expect(at<unknown[]>(ingest, "spec.template.spec.containers.0.volumeMounts")).toContainEqual(
      expect.objectContaining({ mountPath: "/etc/public-api-keys" }),
    );
    expect(JSON.stringify(ingest)).toContain('"secretName":"ingest-public-keys"');
    expect(configOf("console")).toMatchObject({ CONSOLE_PUBLIC_URL: "https://counts.example.com" });
    const plain = JSON.stringify(pick(render({}), "ConfigMap", named("ingest")));
    expect(plain).not.toMatch(/PUBLIC_API_KEYS|HTTP_ALLOWED_ORIGINS/);
  });
  test("public keys without origins, and an origin with a path, are refused", () => {
    expect(template({ "ingest.publicKeysSecret": "keys" }).stderr).toContain("needs ingest.allowedOrigins");
    expect(template({ "ingest.allowedOrigins[0]": "https://shop.example/a" }).stderr).toMatch(/allowedOrigins/);
  });
  test("an Ingress without a host is refused", () => {
    expect(template({ "ingest.ingress.enabled": true }).stderr).toMatch(/ingress\/hosts.*minItems/);
  });
  test("by a route of the Gateway API", () => {
    const objects = render({}, [example("http-route")]);
    expect(pick(objects, "HTTPRoute", named("ingest")).spec).toMatchObject({
      parentRefs: [{ name: "public", namespace: "gateways" }],
      hostnames: ["events.example.com"],
      rules: [{ backendRefs: [{ name: named("ingest"), port: 80 }] }],
    });
  });
  test("by a load balancer, whose clients are no pods", () => {
    const objects = render({}, [example("http-route")]);
    expect(pick(objects, "Service", named("console")).spec).toMatchObject({
      type: "LoadBalancer",
      loadBalancerSourceRanges: ["192.0.2.0/24"],
      ports: [{ port: 8443, targetPort: "http" }],
    });
    expect(from(objects, "console")).not.toHaveProperty("from");
    expect(from(objects, "ingest")).toMatchObject({ from: [{ namespaceSelector: {} }] });
  });
  test("Alertmanager reaches a console that only some pods may open, where alerts go there", () => {
    const peers = (values: Values) =>
      from(render({ "console.enabled": true, "console.allowFrom": [{ podSelector: {} }], ...values }), "console").from;
    const monitoring = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "observability" } } };
    const watched = { "networkPolicy.monitoringNamespace": "observability" };
    expect(peers(watched)).toEqual([{ podSelector: {} }, monitoring]);
    for (const elsewhere of [
      { "monitoring.notifications.webhook.url": "https://hooks.example.com" },
      { "monitoring.notifications.enabled": false },
    ]) {
      expect(peers({ ...watched, ...elsewhere })).toEqual([{ podSelector: {} }]);
    }
  });
  test("helm test and Alertmanager follow the Services' ports", () => {
    const objects = render({ "console.enabled": true, "console.service.port": 81, "ingest.service.port": 8088 });
    expect(JSON.stringify(pick(objects, "Pod", named("smoke")))).toContain('"http://countinghouse-ingest:8088"');
    const config = JSON.stringify(pick(objects, "AlertmanagerConfig", "countinghouse"));
    expect(config).toContain("http://countinghouse-console.countinghouse.svc:81/api/v1/alerts/webhook");
  });
});

test("a HorizontalPodAutoscaler takes the number of pods from the Deployment", () => {
  const objects = render({ "ingest.replicas": 4 }, [example("ingress")]);
  expect(pick(objects, "HorizontalPodAutoscaler", named("ingest")).spec).toMatchObject({
    scaleTargetRef: { kind: "Deployment", name: named("ingest") },
    minReplicas: 2,
    maxReplicas: 6,
  });
  expect(pick(objects, "Deployment", named("ingest")).spec).not.toHaveProperty("replicas");
});
