import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventRow } from "../../scripts/testkit/index.ts";
import {
  type ConsoleFixture,
  createConsoleFixture,
  deadLetter,
  logIn,
  notification,
  TOKEN,
  verificationRun,
} from "./testing/fixture.ts";

let fixture: ConsoleFixture;
const nowMs = Date.now();

/** Text that would run, break out of an attribute, or end a script or comment if it were not escaped. */
const HOSTILE = [
  "<script>window.hacked=1</script>",
  `"><img src=x onerror="window.hacked=1">`,
  "'-alert(1)-'</textarea></script><svg/onload=alert(1)>",
  "{{7*7}}<!--\u2028]]>",
];
const hostile = HOSTILE.join("");
const eventId = crypto.randomUUID();
const run = verificationRun({
  verdict: "different",
  detailsJson: JSON.stringify({
    defect_list: [{ kind: hostile, event_id: hostile, minute: hostile, group: hostile, detail: hostile }],
    other_differences: [hostile],
    conflicts: [hostile],
  }),
});

beforeAll(async () => {
  fixture = await createConsoleFixture();
  await fixture.storeEvents([
    eventRow({
      eventId,
      eventTimeMs: nowMs - 60_000,
      kafkaOffset: 1,
      userId: hostile,
      sessionId: hostile,
      payloadJson: JSON.stringify({ [hostile]: hostile }),
      extraJson: JSON.stringify({ x: hostile }),
      producer: hostile,
      source: "lottery",
      eventType: "ticket_purchased",
      currency: "EUR",
      amountE4: 10_000,
    }),
  ]);
  const headersJson = JSON.stringify({ [hostile]: Buffer.from(hostile).toString("base64") });
  await fixture.storeLetters([
    deadLetter({ offset: 1, reason: hostile, payload: Buffer.from(hostile), key: Buffer.from(hostile), headersJson }),
  ]);
  await fixture.storeRuns([run]);
  const body = notification({
    name: hostile,
    severity: hostile.slice(0, 100),
    labels: { [hostile]: hostile },
    annotations: { summary: hostile, description: hostile, runbook_url: "javascript:window.hacked=1" },
    generatorURL: "javascript:window.hacked=1",
  });
  const sent = await fixture.post("/api/v1/alerts/webhook", body, { authorization: `Bearer ${TOKEN}` });
  expect(sent.status).toBe(204);
}, 60_000);
afterAll(() => fixture.close());

describe("cross-site scripting", () => {
  const pages = [
    "/",
    "/events",
    `/events/${eventId}`,
    "/dead-letters",
    "/dead-letters/events/0/1",
    `/verification/${run.runId}`,
    "/alerts",
  ];
  for (const path of pages) {
    test(`${path.replace(/[0-9a-f-]{36}/, "…")} escapes what it shows`, async () => {
      const { cookie } = await logIn(fixture);
      const response = await fixture.get(path, { headers: { cookie } });
      expect(response.status).toBe(200);
      const html = await response.text();
      // The hostile text is there, as text.
      if (path !== "/") expect(html).toContain("&lt;script&gt;window.hacked=1");
      expect(html).not.toContain("<script>window");
      expect(html).not.toContain("<img src=x");
      expect(html).not.toContain("<svg/onload");
      expect(html).not.toContain('href="javascript:');
      // The only scripts are the console's own files.
      for (const [, attributes] of html.matchAll(/<script([^>]*)>/g)) expect(attributes).toContain('src="/assets/');
      expect(html).not.toMatch(/<[a-z]+[^>]* on[a-z]+=/);
      expect(html).not.toMatch(/<[a-z]+[^>]* style=/);
    });
  }

  test("parameters that come back are escaped", async () => {
    const query = new URLSearchParams({ user_id: hostile, source: hostile, event_type: hostile }).toString();
    for (const path of [
      `/events?${query}`,
      `/?source=${encodeURIComponent(hostile)}`,
      `/login?to=${encodeURIComponent(hostile)}`,
      `/${encodeURIComponent(hostile)}`,
      `/dead-letters?class=${encodeURIComponent(hostile)}`,
    ]) {
      const html = await (await fixture.get(path)).text();
      expect(html).not.toContain("<script>window");
      expect(html).not.toContain("<img src=x");
    }
  });

  test("every answer forbids inline code and framing", async () => {
    const { cookie } = await logIn(fixture);
    const foreign = { method: "POST", headers: { cookie, origin: "http://evil.example" } };
    const requests: [path: string, init?: RequestInit][] = [
      ...["/", "/events", "/nothing", "/api/v1/overview", "/api/v1/nothing", "/login", "/events?limit=x"].map(
        (path): [string] => [path],
      ),
      ["/logout", foreign],
      ["/dead-letters/replay", foreign],
      ["/api/v1/alerts/webhook", { method: "POST" }],
      ["/", { headers: { host: "evil.example" } }],
    ];
    for (const [path, init] of requests) {
      const { headers } = await fixture.get(path, init);
      expect([path, headers.get("content-security-policy")?.split("; ")]).toEqual([
        path,
        [
          "default-src 'none'",
          "script-src 'self'",
          "style-src 'self'",
          "img-src 'self' data:",
          "connect-src 'self'",
          "form-action 'self'",
          "base-uri 'none'",
          "frame-ancestors 'none'",
        ],
      ]);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("cache-control")).toBe("no-store");
    }
  });
});

describe("SQL injection", () => {
  const ATTACKS = [
    "' OR 1=1 --",
    "'; DROP TABLE events_raw; --",
    "\\' OR 1=1 --",
    "') UNION ALL SELECT name FROM system.tables --",
    "{from:Int64}",
    "1) OR (1=1",
    "\u0000'",
  ];
  const INPUTS: [path: string, names: string[]][] = [
    [
      "/api/v1/events",
      ["from", "to", "source", "event_type", "user_id", "session_id", "event_id", "cursor", "limit", "format"],
    ],
    ["/api/v1/live/minutes", ["minutes", "by", "source", "event_type", "format"]],
    ["/api/v1/live/series", ["minutes"]],
    ["/api/v1/business", ["view", "from", "to", "format"]],
    ["/api/v1/dead-letters", ["class", "from", "to", "open", "page", "limit", "format"]],
    ["/api/v1/verification/runs", ["kind", "verdict", "page", "limit", "format"]],
    ["/api/v1/alerts", ["status", "page", "limit", "format"]],
    ["/", ["minutes", "by", "source", "event_type", "page"]],
    ["/business", ["view", "from", "to"]],
    ["/events", ["from", "to", "source", "event_type", "user_id", "event_id", "cursor"]],
    ["/dead-letters", ["class", "from", "to", "open", "page"]],
    ["/verification", ["kind", "verdict", "page"]],
    ["/alerts", ["status", "page"]],
  ];
  const count = async () =>
    Number((await fixture.db.clickhouse.query<{ n: string }>("SELECT count() AS n FROM events"))[0]?.n);

  for (const [path, names] of INPUTS) {
    test(`${path}: an attack finds nothing or is refused, never a failure`, async () => {
      for (const name of names) {
        for (const attack of ATTACKS) {
          const response = await fixture.get(`${path}?${new URLSearchParams({ [name]: attack })}`);
          expect([name, attack, response.status]).toEqual([name, attack, response.status === 400 ? 400 : 200]);
          const text = await response.text();
          expect(text).not.toContain(eventId);
          expect(text).not.toContain("schema_migrations");
        }
      }
      expect(await count()).toBe(1);
    });
  }

  test("no parameter of the API is left out above", async () => {
    type Operation = { parameters?: { in: string; name: string }[] };
    const { paths } = await fixture.json<{ paths: Record<string, { get?: Operation }> }>("/api/v1/openapi.json");
    const documented = Object.entries(paths).flatMap(([path, { get }]) => {
      const names = (get?.parameters ?? []).filter((parameter) => parameter.in === "query").map(({ name }) => name);
      return names.map((name) => `${path.startsWith("/api/v1") ? path : `/api/v1${path}`} ${name}`);
    });
    expect(documented.length).toBeGreaterThan(25);
    const attacked = new Set(INPUTS.flatMap(([path, names]) => names.map((name) => `${path} ${name}`)));
    expect(documented.filter((input) => !attacked.has(input))).toEqual([]);
  });

  test("paths and bodies", async () => {
    for (const attack of ATTACKS.map(encodeURIComponent)) {
      for (const path of [
        `/api/v1/events/${attack}`,
        `/api/v1/verification/runs/${attack}`,
        `/api/v1/dead-letters/${attack}/0/1`,
        `/api/v1/dead-letters/events/${attack}/1`,
        `/events/${attack}`,
        `/verification/${attack}`,
        `/dead-letters/${attack}/0/1`,
        `/dead-letters/events/0/${attack}`,
      ]) {
        const { status } = await fixture.get(path);
        expect([path, status === 400 || status === 404]).toEqual([path, true]);
      }
    }
    const letter = {
      topic: "' OR 1=1 --",
      partition: 0,
      offset: 1,
      append_time: "2026-05-01T00:00:00Z",
      payload_hash: "1",
    };
    const replay = await fixture.post(
      "/api/v1/dead-letters/replay",
      { letters: [letter] },
      { authorization: `Bearer ${TOKEN}` },
    );
    expect(await replay.json()).toMatchObject({ replayed: [], failed: [], skipped: [{ topic: "' OR 1=1 --" }] });
    const { cookie } = await logIn(fixture);
    const form = (path: string, fields: Record<string, string>) =>
      fixture.get(path, {
        method: "POST",
        body: new URLSearchParams(fields),
        headers: { cookie, origin: fixture.url },
      });
    for (const attack of ATTACKS) {
      for (const field of ["partition", "offset", "append_time", "payload_hash"]) {
        const body = { letters: [{ ...letter, [field]: attack }] };
        const answer = await fixture.post("/api/v1/dead-letters/replay", body, { authorization: `Bearer ${TOKEN}` });
        expect([field, answer.status]).toEqual([field, 400]);
      }
      expect((await form("/dead-letters/replay", { letter: attack })).status).toBe(400);
      const again = await form("/dead-letters/replay", { letter: `${attack}/0/1 1 1`, again: attack, edited: attack });
      expect([200, 400]).toContain(again.status);
      expect((await form("/dead-letters/check", { edited: attack, payload: attack })).status).toBeLessThan(500);
      const alert = notification({ name: attack, labels: { [attack]: attack }, status: "firing" });
      const sent = await fixture.post("/api/v1/alerts/webhook", alert, { authorization: `Bearer ${TOKEN}` });
      expect(sent.status).toBeLessThan(500);
    }
    expect(await count()).toBe(1);
  });

  test("reading cannot write, whatever the query", async () => {
    const { createReads } = await import("./data/reads.ts");
    const reads = createReads(fixture.db.clickhouse, { timeoutSeconds: 5, maxRows: 100 }, fixture.metrics);
    for (const sql of ["DROP TABLE events_raw", "INSERT INTO pipeline_settings (name, value) SELECT 'a', 'b'"]) {
      await expect(reads.rows("attack", sql)).rejects.toMatchObject({ code: "CLICKHOUSE_164" });
    }
    await expect(reads.rows("many", "SELECT number FROM numbers(101)")).rejects.toMatchObject({
      code: "CLICKHOUSE_396",
    });
  });
});
