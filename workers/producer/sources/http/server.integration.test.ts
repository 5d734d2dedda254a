import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type OwnStack, ownStack, type RunningWorker, startWorker } from "../../../../scripts/testkit/index.ts";
import { createTestTopics, readAll } from "../../testing/read-back.ts";

let stack: OwnStack;
const workers: RunningWorker[] = [];

beforeAll(async () => {
  stack = await ownStack();
}, 120_000);
afterAll(async () => {
  for (const worker of workers) if (worker.exitCode === null) await worker.kill("SIGKILL");
  await stack.close();
}, 60_000);

async function start(env: Readonly<Record<string, string>>) {
  const worker = startWorker({ entry: "workers/producer/main.ts", args: ["http", "--port", "0"], env });
  workers.push(worker);
  const ready = await worker.waitForLog(({ json }) => json.msg === "ready");
  const post = (body: string) =>
    fetch(`http://127.0.0.1:${ready.json.http_port}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer key" },
      body,
    });
  return { worker, post };
}

const event = () => ({
  event_id: crypto.randomUUID(),
  user_id: "user123",
  event_type: "click",
  event_time: new Date().toISOString(),
  received_time: new Date().toISOString(),
});

describe("ingest over HTTP", () => {
  test("202 means in the topic; SIGTERM answers what is under way", async () => {
    const { env, kafka, config } = await createTestTopics(stack.brokers);
    const { worker, post } = await start({ ...env, API_KEYS: "key", SEND_LINGER_MS: "300" });
    const batch = Array.from({ length: 500 }, event);
    const first = await post(JSON.stringify(batch));
    expect(first.status).toBe(202);
    const stored = await readAll(kafka, config.KAFKA_EVENTS_TOPIC);
    expect(stored.map(({ value }) => JSON.parse(String(value)))).toEqual(batch);
    expect(stored.every(({ instance }) => instance === undefined)).toBe(true);

    let answered = 0;
    const last = Array.from({ length: 5 }, () =>
      post(JSON.stringify(event())).then(({ status }) => {
        answered++;
        return status;
      }),
    );
    await Bun.sleep(100); // within the linger time: they are under way, nothing is sent yet
    expect(answered).toBe(0);
    expect(await worker.kill("SIGTERM")).toBe(0);
    expect(await Promise.all(last)).toEqual([202, 202, 202, 202, 202]);
    expect((await readAll(kafka, config.KAFKA_EVENTS_TOPIC)).length).toBe(505);
  }, 60_000);

  test("Kafka away: 503, then 429 when the buffer is full; all taken events arrive once it is back", async () => {
    const { env, kafka, config } = await createTestTopics(stack.brokers);
    const limits = { HTTP_ACK_TIMEOUT_MS: "300", BUFFER_EVENTS: "10" };
    const { worker, post } = await start({ ...env, ...limits, API_KEYS: "key", SHUTDOWN_GRACE_MS: "60000" });
    expect((await post(JSON.stringify(event()))).status).toBe(202);
    await stack.broker.kill();
    const taken = Array.from({ length: 10 }, event);
    const slow = await post(JSON.stringify(taken));
    expect(slow.status).toBe(503);
    expect(slow.headers.get("retry-after")).toBe("5");
    const full = await post(JSON.stringify(event()));
    expect(full.status).toBe(429);
    expect(full.headers.get("retry-after")).toBe("1");
    await stack.broker.start();
    expect(await worker.kill("SIGTERM")).toBe(0);
    const ids = (await readAll(kafka, config.KAFKA_EVENTS_TOPIC)).map(
      ({ value }) => JSON.parse(String(value)).event_id,
    );
    expect(ids).toEqual(expect.arrayContaining(taken.map(({ event_id }) => event_id)));
  }, 120_000);
});
