/**
 * KEDA's own Kafka scaler, compiled from its source, with the trigger that the chart renders: SCRAM over TLS against the real
 * broker. Skipped, and said so, where it is not compiled: `make .tools/bin/keda-kafka` (needs Go).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { createKafkaClient } from "../../workers/shared/kafka/client.ts";
import { kafkaConfigShape } from "../../workers/shared/kafka/config.ts";
import { loadConfig } from "../../workers/shared/runtime/config.ts";
import { createLogger } from "../../workers/shared/runtime/logger.ts";
import { at, pick, render } from "../cluster/chart-tests/render.ts";
import { ROOT } from "../cluster/settings.ts";
import { allow, SecureStack } from "./secure-stack.ts";

const SCALER = join(ROOT, ".tools/bin/keda-kafka");
const missing = [SCALER, join(ROOT, ".tools/bin/helm")].filter((file) => !existsSync(file));
if (missing.length > 0)
  console.error(`SKIPPED: needs ${missing.join(" and ")}; run \`make .tools/bin/keda-kafka .tools/bin/helm\``);

/** Puts messages into the topic over the plain listener. */
async function send(port: number, count: number): Promise<void> {
  const config = loadConfig(z.object(kafkaConfigShape), { KAFKA_BROKERS: `127.0.0.1:${port}` });
  const producer = createKafkaClient(config, createLogger({ name: "send", level: "silent" })).producer();
  await producer.connect();
  await producer.send({ topic: "events", messages: Array.from({ length: count }, () => ({ value: "x" })) });
  await producer.disconnect();
}

describe.skipIf(missing.length > 0)("KEDA on a broker with TLS and logins", () => {
  let stack: SecureStack;
  beforeAll(async () => {
    stack = await SecureStack.start();
    await stack.admin.createTopics({ topics: [{ topic: "events", numPartitions: 3 }] });
    // As the chart's user `scaler`.
    await stack.grant("stranger", [allow("topic", "events", "Describe"), allow("group", "countinghouse", "Describe")]);
  }, 120_000);
  afterAll(() => stack?.stop(), 60_000);

  /** The trigger as the chart renders it, answered by the scaler. */
  const ask = async (changes: Record<string, string> = {}) => {
    const objects = render({
      "consumer.autoscaling.enabled": true,
      "consumer.autoscaling.lagThreshold": 10,
      "kafka.brokers": [`127.0.0.1:${stack.ports.secure}`],
      "kafka.tls.caSecret": "ca",
    });
    const [trigger] = at<{ type: string; metadata: Record<string, string> }[]>(
      pick(objects, "ScaledObject", "countinghouse-consumer"),
      "spec.triggers",
    );
    expect(trigger?.type).toBe("kafka");
    const own = at<Record<string, string>>(pick(objects, "Secret", "countinghouse-consumer-scaler"), "stringData");
    const secrets: Record<string, string> = {
      ...own,
      username: "stranger",
      password: stack.passwords.stranger ?? "",
      ca: readFileSync(stack.ca.file, "utf8"),
    };
    const references = at<{ parameter: string }[]>(
      pick(objects, "TriggerAuthentication", "countinghouse-consumer-scaler"),
      "spec.secretTargetRef",
    );
    const auth = Object.fromEntries(
      references.map(({ parameter }) => [parameter, changes[parameter] ?? secrets[parameter] ?? ""]),
    );
    expect(Object.keys(auth).sort()).toEqual(["ca", "password", "sasl", "tls", "username"]);
    const child = Bun.spawn([SCALER], {
      stdin: new Blob([JSON.stringify({ metadata: trigger?.metadata, auth })]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [code, out, err] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return code === 0 ? { code, ...(JSON.parse(out) as { active: boolean; lag: number }) } : { code, err };
  };

  test("sees the group's lag, and that there is none", async () => {
    await send(stack.ports.plain, 25);
    expect(await ask()).toEqual({ code: 0, active: true, lag: 25 });
    const ends = await stack.admin.fetchTopicOffsets("events");
    const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
    await stack.admin.setOffsets({ groupId: "countinghouse", topic: "events", partitions });
    expect(await ask()).toEqual({ code: 0, active: false, lag: 0 });
  }, 60_000);

  test("a wrong password, and an authority that did not sign, are refused", async () => {
    expect(await ask({ password: "wrong" })).toMatchObject({ code: 1 });
    expect(await ask({ ca: readFileSync(stack.ca.otherFile, "utf8") })).toMatchObject({ code: 1 });
  }, 60_000);
});
