import { describe, expect, test } from "bun:test";
import { deflateSync, gzipSync } from "node:zlib";
import { createLogger } from "../../../shared/runtime/logger.ts";
import { createMetrics } from "../../metrics.ts";
import type { Outcome, Outgoing } from "../../send/outgoing.ts";
import { createIngestApp, type IngestConfig } from "./app.ts";

const ID = "7f1d0000-0000-4000-8000-00000000000";
const event = (n: number, fields: object = {}) => ({
  event_id: `${ID}${n}`,
  user_id: "user123",
  event_type: "click",
  event_time: "2025-07-30T12:00:00Z",
  received_time: "2025-07-30T12:00:03Z",
  ...fields,
});

const ARRIVAL = { bodyTimeoutMs: 5_000, maxArrivingBytes: 1_000_000 };

/** The app before a buffer that settles as told; the real one is behind it in the integration test. */
function setup(config: Partial<IngestConfig> = {}, fate: Outcome | "full" | "silent" = "acknowledged") {
  const taken: Outgoing[] = [];
  const offerAll = (messages: readonly Outgoing[]) => {
    if (fate === "full") return false;
    taken.push(...messages);
    if (fate !== "silent") for (const { settled } of messages) settled?.(fate);
    return true;
  };
  let now = 0;
  const metrics = createMetrics({ fill: () => ({ events: 0, bytes: 0 }), held: () => 0 });
  const app = createIngestApp(
    {
      maxBodyBytes: 10_000,
      maxEventBytes: 1_000,
      ackTimeoutMs: 50,
      ...ARRIVAL,
      ratePerSecond: 0,
      maxEvents: 100,
      ...config,
    },
    {
      queue: { offerAll },
      metrics,
      clock: { now: () => now },
      logger: createLogger({ name: "t", level: "silent" }),
      checks: { live: {}, ready: { kafka: () => ({ ok: false, detail: "not connected" }) } },
    },
  );
  const post = async (body: unknown, headers: Record<string, string> = {}) => {
    const bytes =
      typeof body === "string" ? body : body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
    const response = await app.request("/v1/events", { method: "POST", body: bytes, headers });
    const json = (await response.json()) as Record<string, unknown>;
    return { status: response.status, json, headers: response.headers };
  };
  return { app, post, taken, metrics, advance: (ms: number) => (now += ms) };
}

describe("POST /v1/events", () => {
  test("one event: 202 once acknowledged, sent byte for byte under its user", async () => {
    const { post, taken } = setup();
    const text = ` {"amount":1.10, ${JSON.stringify(event(1)).slice(1)} `;
    const { status, json } = await post(text);
    expect(status).toBe(202);
    expect(json).toEqual({ accepted: 1, rejected: 0, results: [{ index: 0, status: "accepted", event_id: `${ID}1` }] });
    expect(taken.map(({ key, value }) => [key, String(value)])).toEqual([["user123", text.trim()]]);
  });

  test("a batch with some invalid events: 207 with a verdict each", async () => {
    const { post, taken } = setup();
    const { status, json } = await post(`[${JSON.stringify(event(1))},{"event_id":"x"},nope]`);
    expect(status).toBe(207);
    expect(json).toMatchObject({
      accepted: 1,
      rejected: 2,
      results: [
        { index: 0, status: "accepted" },
        { index: 1, status: "rejected", error_class: "schema" },
        { index: 2, status: "rejected", error_class: "malformed_json" },
      ],
    });
    expect(taken.length).toBe(1);
  });

  test("no valid event: 400 names the field", async () => {
    const { post, taken } = setup();
    const one = await post(event(1, { event_time: "yesterday" }));
    expect(one.status).toBe(400);
    expect(one.headers.get("content-type")).toBe("application/problem+json");
    expect(one.json).toMatchObject({ status: 400, title: "Bad request", field: "event_time", error_class: "schema" });
    const batch = await post([event(1, { user_id: 5 }), 7]);
    expect(batch.status).toBe(400);
    expect(batch.json).toMatchObject({ field: "user_id", accepted: 0, rejected: 2 });
    expect(taken).toEqual([]);
  });

  test("NDJSON by content type or by its looks, compressed or not", async () => {
    const { post, taken } = setup();
    const text = `${JSON.stringify(event(1))}\n${JSON.stringify(event(2))}\n`;
    expect((await post(text, { "content-type": "application/x-ndjson" })).json).toMatchObject({ accepted: 2 });
    expect((await post(text, { "content-type": "application/json; charset=utf-8" })).json).toMatchObject({
      accepted: 2,
    });
    expect((await post(gzipSync(text), { "content-encoding": "gzip" })).json).toMatchObject({ accepted: 2 });
    expect(taken.length).toBe(6);
  });

  test("lines of which only the first is damaged get a verdict each, whatever the first looks like", async () => {
    const { post, taken } = setup();
    const good = [event(1), event(2)].map((one) => JSON.stringify(one));
    const damaged = [
      Buffer.from(`\0${JSON.stringify(event(0))}`),
      Buffer.from([0, 0, 0, 0, 42, 6, 97, 98, 99]),
      Buffer.from('{"user_id":"u"}', "utf16le"),
      Buffer.from([0x1f, 0x8b, 8, 0]),
    ];
    for (const first of damaged) {
      taken.length = 0;
      const body = Buffer.concat([first, Buffer.from(`\n${good.join("\n")}\n`)]);
      const { status, json } = await post(body, { "content-type": "application/x-ndjson" });
      const verdicts = (json.results as { status: string }[]).map((one) => one.status);
      expect([status, verdicts, taken.length]).toEqual([207, ["rejected", "accepted", "accepted"], 2]);
    }
    // The schema's id is a line end here: still one frame.
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, 10]), Buffer.from(good.join(","))]);
    const { status, json } = await post(frame, { "content-type": "application/x-ndjson" });
    expect([status, json.detail]).toEqual([400, expect.stringContaining("schema id 10")]);
  });

  test("a byte order mark and CRLF are no fault; glued lines and other formats get one answer that helps", async () => {
    const { post, taken } = setup();
    const lines = [event(1), event(2), event(3)].map((one) => JSON.stringify(one));
    for (const headers of [{}, { "content-type": "application/json" }, { "content-type": "application/x-ndjson" }]) {
      const { status, json } = await post(`\uFEFF${lines.join("\r\n")}\r\n`, headers as Record<string, string>);
      expect([status, json.accepted]).toEqual([202, 3]);
    }
    expect((await post(`\uFEFF[${lines.join(",")}]`)).json).toMatchObject({ accepted: 3 });
    taken.length = 0;

    const glued = await post(lines.join(""), { "content-type": "application/x-www-form-urlencoded" });
    expect(glued.status).toBe(400);
    expect(glued.json.detail).toContain("--data-binary");
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(lines.join("\n"), "utf16le")]);
    for (const bytes of [utf16, utf16.subarray(2)]) {
      const { status, json } = await post(bytes, { "content-type": "application/x-ndjson" });
      expect([status, json.detail, json.results]).toEqual([400, "it is UTF-16 text: send UTF-8", undefined]);
    }
    expect((await post(lines[0], { "content-type": "application/json; charset=utf-16" })).status).toBe(415);
    const gzip = await post(gzipSync(lines.join("\n")));
    expect([gzip.status, gzip.json.detail]).toEqual([400, expect.stringContaining("Content-Encoding: gzip")]);
    const frame = await post(Buffer.from([0, 0, 0, 0, 42, 6, 97, 98, 99]));
    expect(frame.json.detail).toContain("schema id 42");
    const cloudEvent = await post({ specversion: "1.0", id: "A-1", source: "/shop/7", type: "order.paid", data: {} });
    expect(cloudEvent.json.detail).toContain("a CloudEvent");
    expect(taken).toEqual([]);
  });

  test("a page of an allowed origin sends with a public key, by fetch and by sendBeacon; nobody else does", async () => {
    const shop = "https://shop.example";
    const { app } = setup({ apiKeys: ["secret"], publicKeys: ["page"], allowedOrigins: [shop] });
    const send = (headers: Record<string, string>, query = "", method = "POST") =>
      app.request(`/v1/events${query}`, {
        method,
        headers,
        ...(method === "POST" ? { body: JSON.stringify(event(1)) } : {}),
      });
    const asked = { origin: shop, "access-control-request-method": "POST" };
    const preflight = await send(asked, "", "OPTIONS");
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(shop);
    expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");
    const foreign = await send({ ...asked, origin: "https://evil.example" }, "", "OPTIONS");
    expect([foreign.status, foreign.headers.get("access-control-allow-origin")]).toEqual([405, null]);

    const fetched = await send({ origin: shop, "x-api-key": "page", "content-type": "application/json" });
    expect([fetched.status, fetched.headers.get("access-control-allow-origin")]).toEqual([202, shop]);
    const beacon = await send({ origin: shop, "content-type": "text/plain;charset=UTF-8" }, "?key=page");
    expect([beacon.status, beacon.headers.get("access-control-allow-credentials")]).toEqual([202, "true"]);

    expect((await send({}, "?key=page")).status).toBe(403);
    expect((await send({ origin: "https://evil.example" }, "?key=page")).status).toBe(403);
    // A secret key in an address would be written to the logs of everything on the way.
    expect((await send({ origin: shop }, "?key=secret")).status).toBe(401);
    expect((await send({ origin: shop, "x-api-key": "wrong" }, "?key=page")).status).toBe(401);
    expect((await send({ "x-api-key": "secret" })).status).toBe(202);
  });

  test("without keys, on loopback, no page that somebody visits may send", async () => {
    const { post, taken } = setup({});
    expect((await post(event(1), { origin: "https://evil.example", "content-type": "text/plain" })).status).toBe(403);
    expect(taken).toEqual([]);
    expect((await post(event(1))).status).toBe(202);
  });

  test("health needs no key", async () => {
    const { app } = setup({ apiKeys: ["secret"] });
    expect((await app.request("/livez")).status).toBe(200);
    expect((await app.request("/readyz")).status).toBe(503);
    expect((await app.request("/metrics")).status).toBe(404);
  });

  test("401 without a right key, in either header", async () => {
    const { post } = setup({ apiKeys: ["secret", "other"] });
    for (const headers of [{}, { authorization: "Bearer wrong" }, { "x-api-key": "" }, { authorization: "secret" }]) {
      const { status, headers: answer } = await post(event(1), headers as Record<string, string>);
      expect(status).toBe(401);
      expect(answer.get("www-authenticate")).toBe("Bearer");
    }
    expect((await post(event(1), { authorization: "Bearer other" })).status).toBe(202);
    expect((await post(event(1), { "x-api-key": "secret" })).status).toBe(202);
  });

  test("413 for a body, what it decompresses to, an event and a batch over their limits", async () => {
    const { post } = setup({ maxEvents: 2 });
    expect((await post("x".repeat(10_001))).status).toBe(413);
    const bomb = await post(gzipSync(" ".repeat(100_000)), { "content-encoding": "gzip" });
    expect(bomb.status).toBe(413);
    expect((await post(event(1, { note: "x".repeat(1_000) }))).json).toMatchObject({
      status: 413,
      error_class: "too_large",
    });
    expect((await post([1, 2, 3])).status).toBe(413);
  });

  test("415 and 400 for bodies that cannot be read", async () => {
    const { post } = setup();
    expect((await post("a,b", { "content-type": "text/csv" })).json).toMatchObject({
      status: 415,
      field: "content-type",
    });
    expect((await post("a", { "content-encoding": "br" })).json).toMatchObject({
      status: 415,
      field: "content-encoding",
    });
    expect((await post("no gzip", { "content-encoding": "gzip" })).json).toMatchObject({ status: 400, field: "body" });
    expect((await post("[]")).json).toMatchObject({ status: 400, field: "body" });
    for (const name of ["__proto__", "constructor", "toString"]) {
      expect((await post("a", { "content-encoding": name })).json).toMatchObject({ status: 415 });
      expect((await post("a", { "content-type": name })).json).toMatchObject({ status: 415 });
    }
  });

  test("400 for a compressed body that is cut off: what is left of it must not pass for all of it", async () => {
    const { post, taken } = setup({ maxBodyBytes: 1_000_000 });
    const lines = Array.from({ length: 2_000 }, (_, n) => JSON.stringify(event(n % 10, { note: crypto.randomUUID() })));
    const text = `${lines.join("\n")}\n`;
    for (const [encoding, bytes] of [
      ["gzip", gzipSync(text)],
      ["deflate", deflateSync(text)],
      ["zstd", Bun.zstdCompressSync(text)],
    ] as const) {
      for (const cut of [1, 5, bytes.length >> 1]) {
        const { status, json } = await post(bytes.subarray(0, bytes.length - cut), { "content-encoding": encoding });
        expect([encoding, cut, status, json.field]).toEqual([encoding, cut, 400, "body"]);
      }
    }
    expect(taken).toEqual([]);
  });

  test("429 with Retry-After when the buffer is full", async () => {
    const { post } = setup({}, "full");
    const { status, headers } = await post(event(1));
    expect(status).toBe(429);
    expect(headers.get("retry-after")).toBe("1");
  });

  test("429 over the rate limit, until it has recovered", async () => {
    const { post, advance } = setup({ ratePerSecond: 1 });
    const batch = Array.from({ length: 9 }, (_, n) => event(n));
    expect((await post([...batch, ...batch])).status).toBe(202); // 18 of 10: a debt of 8
    const { status, headers } = await post(event(1));
    expect(status).toBe(429);
    expect(headers.get("retry-after")).toBe("8");
    advance(8_500);
    expect((await post(event(1))).status).toBe(202);
  });

  test("503 with Retry-After when Kafka does not acknowledge in time or is given up", async () => {
    for (const fate of ["silent", "unknown", "unsent"] as const) {
      const { status, headers } = await setup({}, fate).post(event(1));
      expect(status).toBe(503);
      expect(headers.get("retry-after")).toBe("5");
    }
  });

  test("an event the brokers refuse is rejected", async () => {
    const { status, json } = await setup({}, "refused").post(event(1));
    expect(status).toBe(400);
    expect(json).toMatchObject({ error_class: "refused_by_kafka" });
  });

  test("408 for a body that takes too long, 429 for the oldest of too many that arrive together", async () => {
    const { app } = setup({ bodyTimeoutMs: 50, maxArrivingBytes: 2_000 });
    const endless = () => {
      const { readable: body, writable } = new TransformStream<Uint8Array>();
      const writer = writable.getWriter();
      const answer = app.request("/v1/events", { method: "POST", body });
      return { answer, send: (bytes: number) => writer.write(new Uint8Array(bytes)).catch(() => undefined) };
    };
    const slow = await endless().answer;
    expect([slow.status, slow.headers.get("connection")]).toEqual([408, "close"]);
    const [first, second] = [endless(), endless()];
    first.send(1_500);
    second.send(1_500);
    expect((await first.answer).status).toBe(429);
    expect((await second.answer).status).toBe(408);
  });

  test("of a body that is mostly refused no more is kept than what is taken", async () => {
    const { post, taken } = setup({}, "acknowledged");
    await post(`[${JSON.stringify(event(1))},"${"x".repeat(9_000)}"]`);
    await post(event(2));
    expect(taken.map(({ value }) => Buffer.isBuffer(value) && value.buffer.byteLength < 9_000)).toEqual([true, true]);
    expect(taken.map(({ value }) => JSON.parse(String(value)).event_id)).toEqual([`${ID}1`, `${ID}2`]);
  });

  test("404 and 405 are problems, too, and all is counted", async () => {
    const { app, metrics } = setup();
    expect((await app.request("/")).status).toBe(404);
    const wrong = await app.request("/v1/events");
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("POST");
    const text = await metrics.registry.metrics();
    expect(text).toContain('countinghouse_producer_http_requests_total{status="405"} 1');
  });
});
