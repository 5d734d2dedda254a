import { describe, expect, test } from "bun:test";
import { deflateSync, gzipSync } from "node:zlib";
import { event, ID, setup } from "./testing/app-setup.ts";

describe("what POST /v1/events refuses", () => {
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
