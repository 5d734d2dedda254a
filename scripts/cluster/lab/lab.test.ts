import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { knownUsers, withCredentials } from "./clickhouse/users.ts";
import { findLab } from "./lab.ts";
import { aclsOf, difference } from "./operator/acls.ts";
import { brokerObjects, serverProperties } from "./operator/broker-resources.ts";

describe("a machine without a laboratory", () => {
  test("says so in one sentence", () => {
    expect(findLab({ LAB: "/nowhere/lab" })).toMatch(/^there is no laboratory script at \/nowhere\/lab/);
  });
});

describe("the users of the ClickHouse stand-in", () => {
  const env = {
    CLICKHOUSE_INSERT_PASSWORD: "a",
    CLICKHOUSE_READ_PASSWORD: "b",
    CLICKHOUSE_OPERATE_PASSWORD: "d",
    CLICKHOUSE_MIGRATE_PASSWORD: "c",
    CLICKHOUSE_RESOLVE_PASSWORD: "f",
    CLICKHOUSE_LAKE_PASSWORD: "e",
    CLICKHOUSE_RESTORE_PASSWORD: "g",
  };
  const inner = { user: "engine", password: "secret" };
  const login = (headers: Record<string, string>) => {
    const request = withCredentials(new Request("http://x/", { headers }), knownUsers(env), inner);
    return Buffer.from((request.headers.get("authorization") ?? "").replace("Basic ", ""), "base64").toString();
  };
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

  test("become the engine's user with the right password, by either header", () => {
    expect(login(basic("countinghouse_insert:a"))).toBe("engine:secret");
    expect(login({ "x-clickhouse-user": "countinghouse_read", "x-clickhouse-key": "b" })).toBe("engine:secret");
  });
  test("stay strangers with a wrong one, and so does the engine's own name", () => {
    expect(login(basic("countinghouse_insert:b"))).toBe("countinghouse_insert:");
    expect(login(basic("engine:secret"))).toBe("engine:");
    expect(login({})).toBe("default:");
  });
  test("must all have a password", () => {
    expect(() => knownUsers({ ...env, CLICKHOUSE_READ_PASSWORD: "" })).toThrow("CLICKHOUSE_READ_PASSWORD");
  });
});

describe("the rules of a KafkaUser", () => {
  const acls = aclsOf("u", {
    authorization: {
      acls: [
        { operations: ["Describe", "Read"], resource: { type: "topic", name: "events", patternType: "literal" } },
        { operations: ["Read"], resource: { type: "group", name: "ops-", patternType: "prefix" } },
      ],
    },
  });
  test("are one per operation", () => {
    expect(
      acls.map(({ resourceType, resourcePatternType, operation }) => [resourceType, resourcePatternType, operation]),
    ).toEqual([
      [2, 3, 8],
      [2, 3, 3],
      [3, 4, 3],
    ]);
    expect(new Set(acls.map(({ principal }) => principal))).toEqual(new Set(["User:u"]));
  });
  test("an unknown operation is an error, not a rule less", () => {
    const spec = { authorization: { acls: [{ operations: ["Rea"], resource: { type: "topic", name: "x" } }] } };
    expect(() => aclsOf("u", spec)).toThrow("Rea");
  });
  test("change by what differs", () => {
    const [first, second, third] = acls;
    if (!first || !second || !third) throw new Error("three rules were expected");
    expect(difference([first, second], [second, third])).toEqual({ add: [first], remove: [third] });
    // The order of fields says nothing.
    const reordered = Object.fromEntries(Object.entries(first).reverse()) as typeof first;
    expect(difference([first], [reordered])).toEqual({ add: [], remove: [] });
  });
});

describe("the broker in place of Strimzi's", () => {
  const names = { cluster: "c", namespace: "n", pool: "p", pod: "c-p-0" };
  const admin = { user: "lab-operator", password: "x" };

  test("authenticates and authorizes every client, whatever the resource says", () => {
    const text = serverProperties(names, { "allow.everyone.if.no.acl.found": true, "message.max.bytes": 5 }, admin);
    expect(text).toContain("allow.everyone.if.no.acl.found=false\n");
    expect(text).toContain("listeners=TLS://0.0.0.0:9093,INTERNAL://127.0.0.1:9091,CONTROLLER://127.0.0.1:9090\n");
    expect(text).toContain("listener.security.protocol.map=TLS:SASL_SSL,");
    expect(text).toContain("message.max.bytes=5\n");
  });
  test("has Strimzi's names", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const key = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    const kafka = { metadata: { name: "c", namespace: "n" }, spec: { kafka: {} } };
    const pool = { metadata: { name: "p" }, spec: { replicas: 1, roles: [], storage: {} } };
    const objects = brokerObjects(kafka, pool, "image", { ca: "CA", certificate: "CERT", key }, admin);
    expect(objects.map(({ object }) => `${object.kind}/${object.metadata.name}`)).toEqual([
      "Secret/c-cluster-ca-cert",
      "Secret/c-broker",
      "Service/c-kafka-bootstrap",
      "Service/c-kafka-brokers",
      "StatefulSet/c-p",
    ]);
    expect(JSON.stringify(objects)).toContain("BEGIN PRIVATE KEY");
  });
});
