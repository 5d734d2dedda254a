import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { event, ID, setup } from "./testing/app-setup.ts";

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
});
