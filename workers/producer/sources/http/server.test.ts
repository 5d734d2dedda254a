import { afterEach, expect, test } from "bun:test";
import { openWire } from "../../../../scripts/testkit/wire.ts";
import { createLogger } from "../../../shared/runtime/logger.ts";
import { loadProducerConfig } from "../../config.ts";
import { createMetrics } from "../../metrics.ts";
import type { Outgoing } from "../../send/outgoing.ts";
import { startHttpSource } from "./server.ts";

/** What load balancers and clients say on the wire; the buffer behind the server acknowledges at once. */
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serve(env: Record<string, string> = {}) {
  const metrics = createMetrics({ fill: () => ({ events: 0, bytes: 0 }), held: () => 0 });
  const taken: Outgoing[] = [];
  const offerAll = (messages: readonly Outgoing[]) => {
    taken.push(...messages);
    for (const { settled } of messages) settled?.("acknowledged");
    return true;
  };
  const server = await startHttpSource(
    loadProducerConfig({ SOURCE: "http", HTTP_PORT: "0", API_KEYS: "secret", ...env }),
    {
      queue: { offerAll },
      metrics,
      clock: { now: () => Date.now() },
      logger: createLogger({ name: "t", level: "silent" }),
      checks: { live: {}, ready: {} },
    },
  );
  stops.push(() => server.stop());
  return { port: server.port, taken, stop: () => server.stop() };
}

const body = JSON.stringify({
  event_id: crypto.randomUUID(),
  user_id: "u",
  event_type: "click",
  event_time: new Date().toISOString(),
  received_time: new Date().toISOString(),
});
const head = (lines: readonly string[], length = body.length) =>
  ["POST /v1/events HTTP/1.1", "Host: ingest", `Content-Length: ${length}`, ...lines, "", ""].join("\r\n");
const KEY = "X-API-Key: secret";

test.each(["100-continue", "100-Continue", "100-CONTINUE"])(
  "Expect: %s is answered before the body is sent",
  async (value) => {
    const { port, taken } = await serve();
    const wire = await openWire(port);
    wire.write(head([KEY, `Expect: ${value}`]));
    await wire.has("HTTP/1.1 100 Continue\r\n\r\n");
    expect(taken).toEqual([]);
    wire.write(body);
    await wire.has("HTTP/1.1 202 ");
    expect(taken.length).toBe(1);
    wire.close();
  },
);

test.each([
  ["a wrong key", head(["X-API-Key: wrong", "Expect: 100-continue"]), "401"],
  ["a body too large", head([KEY, "Expect: 100-Continue"], 5_000_000), "413"],
  ["another content type", head([KEY, "Content-Type: text/csv", "Expect: 100-continue"]), "415"],
])("%s is refused without the body, and without asking for it", async (_, request, status) => {
  const { port } = await serve();
  const wire = await openWire(port);
  wire.write(request);
  await wire.has(`HTTP/1.1 ${status} `);
  expect(wire.text).not.toContain("100 Continue");
  expect(wire.text.toLowerCase()).toContain("connection: close");
  await wire.until(() => wire.closed);
});

test("a client that sends its body without asking reads the refusal, however long the body", async () => {
  const { port } = await serve();
  const answer = await fetch(`http://127.0.0.1:${port}/v1/events`, {
    method: "POST",
    headers: { "x-api-key": "wrong" },
    body: new Uint8Array(3_000_000),
  });
  expect(answer.status).toBe(401);
});

test("an unknown expectation is refused", async () => {
  const { port } = await serve();
  const wire = await openWire(port);
  wire.write(head([KEY, "Expect: a-miracle"]));
  await wire.has("HTTP/1.1 417 ");
});

test("idle connections stay open for as long as configured, 75 s unless told otherwise", async () => {
  const usual = await serve();
  const first = await openWire(usual.port);
  first.write(head([KEY]) + body);
  await first.has("HTTP/1.1 202 ");
  expect(first.text.toLowerCase()).toContain("keep-alive: timeout=75");
  const short = await serve({ HTTP_KEEP_ALIVE_SECONDS: "1" });
  const second = await openWire(short.port);
  second.write(head([KEY]) + body);
  await second.has("HTTP/1.1 202 ");
  await second.until(() => second.closed);
  // One connection takes one request after the other, also after the runtime's usual ten seconds.
  await Bun.sleep(21_000);
  first.write(head([KEY]) + body);
  await first.until(() => first.text.split("HTTP/1.1 202 ").length === 3);
  first.close();
}, 60_000);

test.each(["::1", "[::1]"])("listens on IPv6: %s", async (host) => {
  const { port } = await serve({ HTTP_HOST: host });
  expect((await fetch(`http://[::1]:${port}/livez`)).status).toBe(200);
});

test("while it stops, what is under way is answered, and a page may read that it has to send again", async () => {
  const shop = "https://shop.example";
  const { port, stop } = await serve({ HTTP_ALLOWED_ORIGINS: shop });
  const [slow, other] = [await openWire(port), await openWire(port)];
  slow.write(head([KEY]) + body.slice(0, 10));
  other.write(head([KEY]) + body);
  await other.has("HTTP/1.1 202 ");
  const stopped = stop();
  other.write(head([KEY, `Origin: ${shop}`]) + body);
  await other.has("HTTP/1.1 503 ");
  expect(other.text.toLowerCase()).toContain(`access-control-allow-origin: ${shop}`);
  slow.write(body.slice(10));
  await slow.has("HTTP/1.1 202 ");
  await stopped;
});

test("a port in use is named with the way out", async () => {
  const { port } = await serve({ HTTP_HOST: "::1" });
  const again = startHttpSource(
    loadProducerConfig({ SOURCE: "http", HTTP_PORT: String(port), HTTP_HOST: "::1" }),
    {} as never,
  );
  await expect(again).rejects.toMatchObject({
    code: "CANNOT_LISTEN",
    message: expect.stringContaining(`[::1]:${port}`),
  });
});
