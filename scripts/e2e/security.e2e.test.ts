/**
 * The compiled workers over Kafka with TLS, logins and rules, and ClickHouse behind TLS with a password: the proof holds;
 * what is wrong with a login, a certificate, a port or a right is said once and clearly; and nothing they print holds a
 * secret. SECURITY.md states what each failure leads to.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { waitFor } from "../testkit/process/wait-for.ts";
import { allow, SecureStack } from "./secure-stack.ts";

let stack: SecureStack;
beforeAll(async () => {
  stack = await SecureStack.start();
}, 120_000);
afterAll(() => stack.stop(), 60_000);

const PATIENT = { timeoutMs: 120_000 };
/** A password that is wrong, and must not be printed either. */
const WRONG = `wrong-${crypto.randomUUID()}`;
const LOAD = "simulate --rate 1500 --seconds 3 --seed 5 --late-range 1-2 --drain-held now --malformed-share 0.02";
const ENDLESS = "simulate --rate 20";

const hasCode =
  (code: string) =>
  ({ json }: { json: Readonly<Record<string, unknown>> }) =>
    json.code === code && json.next !== undefined;

describe("TLS and logins everywhere", () => {
  test("SCRAM and PLAIN, the rights of the chart: the proof holds", async () => {
    const migrated = await stack.ops(["migrate", "--partitions", "3"], stack.env("migrate"));
    expect(migrated).toMatchObject({ code: 0 });
    const consumer = stack.start("consumer", [], stack.env("consumer"));
    const producer = stack.start(
      "producer",
      LOAD.split(" "),
      stack.env("producer", { KAFKA_SASL_MECHANISM: "plain", LOG_LEVEL: "trace" }),
    );
    expect(await producer.exited).toBe(0);
    for (const args of [["verify"], ["verify", "--audit"]]) {
      const { code, text } = await stack.ops([...args, "--wait", "120s"], stack.env("verify"));
      expect({ args, code, text: code === 0 ? "" : text }).toEqual({ args, code: 0, text: "" });
    }
    expect(await consumer.kill("SIGTERM")).toBe(0);
  }, 300_000);

  test("a private CA in NODE_EXTRA_CA_CERTS does for ClickHouse, too", async () => {
    const env = stack.env("verify", { CLICKHOUSE_CA_FILE: "", NODE_EXTRA_CA_CERTS: stack.ca.file });
    expect(await stack.ops(["dlq", "list", "--limit", "1"], env)).toMatchObject({ code: 0 });
  });
});

/** Case, changed variables, code, and a variable that the advice names. */
type Case = readonly [name: string, changes: () => Record<string, string>, code: string, advice: string];

const KAFKA_CASES: readonly Case[] = [
  ["wrong password", () => ({ KAFKA_SASL_PASSWORD: WRONG }), "KAFKA_AUTHENTICATION_FAILED", "KAFKA_SASL_PASSWORD"],
  [
    "wrong password, PLAIN",
    () => ({ KAFKA_SASL_PASSWORD: WRONG, KAFKA_SASL_MECHANISM: "plain" }),
    "KAFKA_AUTHENTICATION_FAILED",
    "KAFKA_SASL_PASSWORD",
  ],
  [
    "expired certificate",
    () => ({ KAFKA_BROKERS: `127.0.0.1:${stack.ports.expired}` }),
    "KAFKA_TLS_EXPIRED",
    "renew the brokers' certificate",
  ],
  ["unknown CA", () => ({ KAFKA_SSL_CA_FILE: stack.ca.otherFile }), "KAFKA_TLS_UNTRUSTED", "KAFKA_SSL_CA_FILE"],
  ["no CA given", () => ({ KAFKA_SSL_CA_FILE: "" }), "KAFKA_TLS_UNTRUSTED", "KAFKA_SSL_CA_FILE"],
  [
    "another host name",
    () => ({ KAFKA_BROKERS: `localhost:${stack.ports.secure}` }),
    "KAFKA_TLS_HOST_MISMATCH",
    "KAFKA_BROKERS",
  ],
  ["plain text to the TLS port", () => ({ KAFKA_SSL: "false" }), "KAFKA_CONNECTION_CLOSED_ERROR", "KAFKA_SSL=true"],
  [
    "TLS to the plain port",
    () => ({ KAFKA_BROKERS: `127.0.0.1:${stack.ports.plain}` }),
    "KAFKA_CONNECTION_RESET",
    "KAFKA_SSL=false",
  ],
  [
    "no login where one is needed",
    () => ({ KAFKA_SASL_MECHANISM: "" }),
    "KAFKA_CONNECTION_CLOSED_ERROR",
    "KAFKA_SASL_MECHANISM",
  ],
  [
    "a login where none is taken",
    () => ({ KAFKA_BROKERS: `127.0.0.1:${stack.ports.plain}`, KAFKA_SSL: "false" }),
    "KAFKA_ILLEGAL_SASL_STATE",
    "KAFKA_SASL_MECHANISM",
  ],
];

describe("Kafka: a worker says what is wrong and keeps trying", () => {
  for (const [name, changes, code, advice] of KAFKA_CASES) {
    test.concurrent(name, async () => {
      const worker = stack.start("producer", ENDLESS.split(" "), stack.env("producer", changes()));
      const { json } = await worker.waitForLog(hasCode(code), { ...PATIENT, describe: code });
      expect(String(json.next)).toContain(advice);
      expect(String(json.msg)).toContain("KAFKA_BROKERS");
      expect(worker.exitCode).toBeNull();
      // Nothing was sent, which is no success.
      expect(await worker.kill("SIGTERM")).toBe(1);
    });
  }
});

const CLICKHOUSE_CASES: readonly Case[] = [
  ["wrong password", () => ({ CLICKHOUSE_PASSWORD: WRONG }), "CLICKHOUSE_516", "CLICKHOUSE_PASSWORD"],
  [
    "expired certificate",
    () => ({ CLICKHOUSE_URL: `https://127.0.0.1:${stack.clickhouse.expired.port}` }),
    "CLICKHOUSE_TLS_EXPIRED",
    "renew ClickHouse's certificate",
  ],
  ["unknown CA", () => ({ CLICKHOUSE_CA_FILE: stack.ca.otherFile }), "CLICKHOUSE_TLS_UNTRUSTED", "CLICKHOUSE_CA_FILE"],
  [
    "another host name",
    () => ({ CLICKHOUSE_URL: `https://localhost:${stack.clickhouse.front.port}` }),
    "CLICKHOUSE_TLS_HOST_MISMATCH",
    "CLICKHOUSE_URL",
  ],
  [
    "plain text to the TLS port",
    () => ({ CLICKHOUSE_URL: `http://127.0.0.1:${stack.clickhouse.front.port}` }),
    "CLICKHOUSE_UNREACHABLE",
    "https://",
  ],
  [
    "TLS to the plain port",
    () => ({ CLICKHOUSE_URL: stack.clickhouse.url.replace("http:", "https:") }),
    "CLICKHOUSE_TLS_NO_TLS",
    "http://",
  ],
];

describe("ClickHouse: the consumer keeps trying, a command ends, both say what is wrong", () => {
  for (const [name, changes, code, advice] of CLICKHOUSE_CASES) {
    test.concurrent(name, async () => {
      const env = stack.env("consumer", changes());
      const worker = stack.start("consumer", [], env);
      const { json } = await worker.waitForLog(hasCode(code), { ...PATIENT, describe: code });
      expect(String(json.next)).toContain(advice);
      expect(await worker.kill("SIGTERM")).toBe(0);
      const command = await stack.ops(["dlq", "list"], env);
      expect(command.code).toBe(3);
      expect(command.text).toMatch(/^error: /m);
      expect(command.text.split("\n").find((line) => line.startsWith("next: "))).toContain(advice);
    });
  }
});

describe("rights", () => {
  test("a producer without rights waits, and goes on once it has them", async () => {
    const args = "simulate --rate 200 --count 50 --drain-held now".split(" ");
    const producer = stack.start("producer", args, stack.env("stranger"));
    const denied = hasCode("KAFKA_TOPIC_AUTHORIZATION_FAILED");
    // Topics it may not see are not reported as missing.
    const { json } = await producer.waitForLog(denied, PATIENT);
    expect(String(json.next)).toContain("KAFKA_SASL_USERNAME");
    await stack.grant("stranger", [allow("topic", "events*", "Describe")]);
    // Without a right to write anywhere it gets no producer id, which is what the brokers say then.
    const refused = hasCode("KAFKA_CLUSTER_AUTHORIZATION_FAILED");
    await producer.waitForLog((line) => refused(line) && line.json.msg === "sending failed, trying again", PATIENT);
    const writes = ["events", "events.ledger"].map((topic) => allow("topic", topic, "Write"));
    await stack.grant("stranger", writes);
    expect(await producer.exited).toBe(0);
  }, 240_000);

  test("a consumer without rights to group, topics and dead letters keeps trying, and goes on once it has them", async () => {
    const [group, ledger] = ["rights", "rights-ledger"];
    const env = stack.env("stranger", { KAFKA_GROUP_ID: group, KAFKA_LEDGER_GROUP_ID: ledger });
    const consumer = stack.start("consumer", [], env);
    const noGroup = await consumer.waitForLog(hasCode("KAFKA_GROUP_COORDINATOR_NOT_FOUND"), PATIENT);
    expect(String(noGroup.json.next)).toContain("KAFKA_GROUP_ID");
    await stack.grant("stranger", [allow("group", "rights*", "Read")]);
    await consumer.waitForLog(hasCode("KAFKA_TOPIC_AUTHORIZATION_FAILED"), PATIENT);
    const reads = ["events", "events.ledger"].map((topic) => allow("topic", topic, "Read"));
    await stack.grant("stranger", reads);
    const noLetters = (line: { json: Readonly<Record<string, unknown>> }) =>
      hasCode("KAFKA_TOPIC_AUTHORIZATION_FAILED")(line) && line.json.topic === "events.dlq";
    await consumer.waitForLog(noLetters, PATIENT);
    await stack.grant("stranger", [allow("topic", "events.dlq", "Write")]);
    const left = async () => {
      const ends = await stack.admin.fetchTopicOffsets("events");
      const [entry] = await stack.admin.fetchOffsets({ groupId: group, topics: ["events"] });
      const committed = new Map(entry?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
      return ends.filter(({ partition, offset }) => (committed.get(partition) ?? -1) < Number(offset));
    };
    await waitFor(async () => (await left()).length === 0, { timeoutMs: 120_000, describe: "everything committed" });
    expect(await consumer.kill("SIGTERM")).toBe(0);
  }, 240_000);

  test("ops without rights ends with 3 and says what is missing", async () => {
    const { code, text } = await stack.ops(["verify", "--wait", "1s"], stack.env("stranger"));
    expect(code).toBe(3);
    expect(text).toMatch(/^error: /m);
    expect(text).toMatch(/^next: .*KAFKA_SASL_USERNAME/m);
  });
});

describe("secrets", () => {
  test("replaced in their files, they are used without a restart", async () => {
    const kafkaFile = stack.secretFile("kafka-password", WRONG);
    const clickhouseFile = stack.secretFile("clickhouse-password", WRONG);
    const files = { KAFKA_SASL_PASSWORD_FILE: kafkaFile, CLICKHOUSE_PASSWORD_FILE: clickhouseFile };
    const env = stack.env("consumer", { ...files, KAFKA_SASL_PASSWORD: "", CLICKHOUSE_PASSWORD: "" });
    const consumer = stack.start("consumer", [], env);
    await consumer.waitForLog(hasCode("KAFKA_AUTHENTICATION_FAILED"), PATIENT);
    await consumer.waitForLog(hasCode("CLICKHOUSE_516"), PATIENT);
    writeFileSync(kafkaFile, stack.passwords.consumer ?? "");
    writeFileSync(clickhouseFile, stack.clickhouse.password);
    await consumer.waitForLog(({ json }) => json.msg === "consumer started", PATIENT);
    expect(await consumer.kill("SIGTERM")).toBe(0);
  }, 240_000);

  test("a configuration that holds a login where it would be printed is refused without repeating it", async () => {
    const at = (port: number) => `user:${WRONG}@127.0.0.1:${port}`;
    const bad = stack.env("consumer", {
      KAFKA_BROKERS: at(stack.ports.secure),
      CLICKHOUSE_URL: `https://${at(stack.clickhouse.front.port)}`,
    });
    const consumer = stack.start("consumer", [], bad);
    expect(await consumer.exited).toBe(2);
    expect(consumer.text).toContain("CLICKHOUSE_URL: must hold no login");
    expect(consumer.text).toContain("an address with a login is not");
    const missing = stack.env("consumer", { KAFKA_SSL_CA_FILE: "/nowhere/ca.crt", CLICKHOUSE_CA_FILE: "/dev/null" });
    const files = { CLICKHOUSE_PASSWORD_FILE: "/nowhere/password", CLICKHOUSE_PASSWORD: WRONG };
    const second = await stack.ops(["dlq", "list"], { ...missing, ...files });
    expect(second.code).toBe(2);
    for (const name of ["KAFKA_SSL_CA_FILE", "CLICKHOUSE_CA_FILE", "CLICKHOUSE_PASSWORD_FILE"]) {
      expect(second.text).toContain(`${name}: /`);
    }
    expect(second.text).toContain("CLICKHOUSE_PASSWORD: is set, and so is CLICKHOUSE_PASSWORD_FILE");
  });

  test("a lake that refuses keeps its keys to itself", async () => {
    const lake = {
      LAKE_URL: "s3://bucket/prefix",
      // Answers, but is no S3 service: an address without an answer would be tried for a long time.
      LAKE_S3_ENDPOINT: stack.clickhouse.url,
      AWS_ACCESS_KEY_ID: "key-id",
      AWS_SECRET_ACCESS_KEY: WRONG,
    };
    const { code, text } = await stack.ops(["lake", "export", "--retries", "1"], stack.env("verify", lake));
    expect({ failed: code !== 0, text }).toMatchObject({ failed: true, text: expect.stringMatching(/^error: /m) });
  });

  test("neither a console nor an ingest whose services refuse it tells its tokens, to its log or to who asks", async () => {
    const wrong = { KAFKA_SASL_PASSWORD: WRONG, CLICKHOUSE_PASSWORD: WRONG, LOG_LEVEL: "trace", HTTP_PORT: "0" };
    const console = stack.start("console", [], stack.env("verify", { ...wrong, CONSOLE_TOKEN: WRONG }));
    const { json } = await console.waitForLog((line) => line.json.msg === "console ready", PATIENT);
    await console.waitForLog(hasCode("KAFKA_AUTHENTICATION_FAILED"), PATIENT);
    const headers = { authorization: `Bearer ${WRONG}` };
    for (const path of ["/", "/events", "/api/v1/events", "/api/v1/overview", "/api/v1/alerts"]) {
      const answer = await fetch(`http://127.0.0.1:${json.http_port}${path}`, { headers });
      expect([path, (await answer.text()).includes(WRONG)]).toEqual([path, false]);
    }
    expect(await console.kill("SIGTERM")).toBe(0);
    const right = stack.env("producer", { LOG_LEVEL: "trace", API_KEYS_FILE: stack.secretFile("keys", WRONG) });
    const ingest = stack.start("producer", ["http", "--port", "0"], right);
    const ready = await ingest.waitForLog((line) => line.json.msg === "ready", PATIENT);
    const send = (key: string) =>
      fetch(`http://127.0.0.1:${ready.json.http_port}/v1/events?key=${key}`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}` },
        body: "{",
      });
    expect((await send(`${WRONG}x`)).status).toBe(401);
    const refused = await send(WRONG);
    expect([refused.status, (await refused.text()).includes(WRONG)]).toEqual([400, false]);
    expect(await ingest.kill("SIGTERM")).toBe(0);
  }, 240_000);

  // Last: it looks at everything the tests above made the workers print.
  test("none was ever printed", () => {
    const text = stack.output();
    expect(text.length).toBeGreaterThan(10_000);
    const { user, password } = stack.clickhouse;
    const secrets = [...Object.values(stack.passwords), password, WRONG];
    const logins = [...Object.entries(stack.passwords), [user, password]].map(([name, word]) => `${name}:${word}`);
    for (const secret of [...secrets, ...logins]) {
      expect(text.includes(secret)).toBe(false);
      expect(text.includes(Buffer.from(secret).toString("base64"))).toBe(false);
      expect(text.includes(encodeURIComponent(secret))).toBe(false);
    }
  });
});
