import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventRow, waitFor } from "../../scripts/testkit/index.ts";
import type { EventRow } from "../shared/clickhouse/tables/events-raw.ts";
import {
  type ConsoleFixture,
  createConsoleFixture,
  deadLetter,
  notification,
  TOKEN,
  verificationRun,
} from "./testing/fixture.ts";
import { sampleEvents } from "./testing/sample-data.ts";

let fixture: ConsoleFixture;
let events: EventRow[];
const nowMs = Date.now();
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

beforeAll(async () => {
  fixture = await createConsoleFixture();
  const fromMs = (Math.floor(nowMs / 60_000) - 12) * 60_000;
  events = sampleEvents({ fromMs, minutes: 10, perMinute: () => 40 });
  await fixture.seed(events);
}, 120_000);
afterAll(() => fixture.close());

type Rows = { rows: Record<string, unknown>[]; next?: string | null; total?: number };
const one = async (sql: string) => (await fixture.db.clickhouse.query<Record<string, string>>(sql))[0] ?? {};

describe("figures", () => {
  test("minutes agree with SQL and with each other, in every grouping", async () => {
    for (const by of ["total", "source", "type"]) {
      const { rows } = await fixture.json<Rows>(`/api/v1/live/minutes?minutes=20&by=${by}`);
      for (const column of ["produced", "stored", "stored_of_ledger", "shown"]) {
        expect(rows.reduce((sum, row) => sum + Number(row[column]), 0)).toBe(events.length);
      }
      expect(new Set(rows.map((row) => row.comparison))).toEqual(new Set(["equal"]));
    }
    const { rows } = await fixture.json<Rows>("/api/v1/live/minutes?minutes=20&by=type&source=web");
    const { n } = await one(
      "SELECT count() AS n FROM (SELECT 1 FROM events WHERE source = 'web' GROUP BY event_minute, event_type)",
    );
    expect(rows.length).toBe(Number(n));
  });

  test("the chart has every minute and the same totals", async () => {
    const series = await fixture.json<{
      times: number[];
      produced: number[];
      shown: number[];
      sources: Record<string, number[]>;
    }>("/api/v1/live/series?minutes=20");
    expect(series.times.length).toBe(20);
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    expect([sum(series.produced), sum(series.shown)]).toEqual([events.length, events.length]);
    expect(sum(Object.values(series.sources).map(sum))).toBe(events.length);
  });

  test("business figures agree with the views", async () => {
    for (const [view, table] of [
      ["hours", "business_per_hour"],
      ["rolling", "business_rolling_24h"],
      ["days", "business_daily"],
    ]) {
      const { rows } = await fixture.json<Rows>(`/api/v1/business?view=${view}`);
      const expected = await one(
        `SELECT count() AS n, sum(tickets) AS tickets, sum(revenue['EUR']) AS eur FROM ${table}`,
      );
      expect(rows.length).toBe(Number(expected.n));
      expect(rows.reduce((sum, row) => sum + Number(row.tickets), 0)).toBe(Number(expected.tickets));
      expect(rows.reduce((sum, row) => sum + Number((row.revenue as Record<string, string>).EUR), 0)).toBeCloseTo(
        Number(expected.eur),
        4,
      );
    }
    expect((await fixture.json<Rows>("/api/v1/business?from=2001-01-01&to=2001-01-02")).rows).toEqual([]);
  });

  test("the overview tells freshness and what is wrong", async () => {
    const overview = await fixture.json<{ level: string; freshness_ms: number; findings: { text: string }[] }>(
      "/api/v1/overview",
    );
    expect(overview.freshness_ms).toBeGreaterThan(60_000);
    expect(overview.level).toBe("bad");
    expect(overview.findings[0]?.text).toContain("No new event");
  });
});

describe("events", () => {
  test("pages hold every event once, newest first", async () => {
    const seen: string[] = [];
    let path = "/api/v1/events?limit=90";
    for (let pages = 0; pages < 20; pages++) {
      const page = await fixture.json<Rows>(path);
      seen.push(...page.rows.map((row) => String(row.event_id)));
      if (!page.next) break;
      path = `/api/v1/events?limit=90&cursor=${page.next}`;
    }
    const byTime = events.toSorted((a, b) => b.eventTimeMs - a.eventTimeMs || (a.eventId < b.eventId ? 1 : -1));
    expect(seen).toEqual(byTime.map(({ eventId }) => eventId));
  });

  test("filters, alone and together", async () => {
    const sample = events[17] as EventRow;
    const ask = async (query: string) => (await fixture.json<Rows>(`/api/v1/events?limit=1000&${query}`)).rows.length;
    const matching = (match: (row: EventRow) => boolean) => events.filter(match).length;
    expect(await ask(`user_id=${sample.userId}`)).toBe(matching((row) => row.userId === sample.userId));
    expect(await ask(`session_id=${sample.sessionId}`)).toBe(matching((row) => row.sessionId === sample.sessionId));
    expect(await ask(`source=web&event_type=click`)).toBe(matching((row) => row.eventType === "click"));
    expect(await ask(`event_id=${sample.eventId.toUpperCase()}`)).toBe(1);
    const iso = new Date(sample.eventTimeMs).toISOString();
    expect(await ask(`from=${iso}`)).toBe(matching((row) => row.eventTimeMs >= sample.eventTimeMs));
    expect(await ask(`to=${iso}`)).toBe(matching((row) => row.eventTimeMs < sample.eventTimeMs));
    expect(await ask("user_id=&source=&from=")).toBe(events.length);
  });

  test("files hold all rows, as CSV and NDJSON", async () => {
    const ndjson = await (await fixture.get("/api/v1/events?format=ndjson")).text();
    expect(ndjson.trim().split("\n").length).toBe(events.length);
    const csv = await fixture.get("/api/v1/events?format=csv&limit=5");
    expect(csv.headers.get("content-disposition")).toBe('attachment; filename="events.csv"');
    expect((await csv.text()).trim().split("\n").length).toBe(6);
    for (const path of ["live/minutes", "business", "dead-letters", "verification/runs", "alerts"]) {
      expect((await fixture.get(`/api/v1/${path}?format=csv`)).headers.get("content-type")).toContain("text/csv");
    }
  });

  test("an event with copies and a conflict", async () => {
    const eventId = crypto.randomUUID();
    const at = nowMs - 120_000;
    await fixture.storeEvents([
      eventRow({ eventId, eventTimeMs: at, kafkaOffset: 900, kafkaAppendTimeMs: at + 5, userId: "=first" }),
      eventRow({ eventId, eventTimeMs: at, kafkaOffset: 901, kafkaAppendTimeMs: at + 9, userId: "second" }),
      eventRow({ eventId, eventTimeMs: at - 86_400_000, kafkaOffset: 902, eventType: "search" }),
    ]);
    const forms = await fixture.json<Record<"stored" | "raw" | "keys", Record<string, unknown>[]>>(
      `/api/v1/events/${eventId}`,
    );
    expect(forms.stored.map((row) => row.user_id).sort()).toEqual(["=first", "user"]);
    expect(forms.keys.length).toBe(2);
    expect(forms.raw.length).toBeGreaterThanOrEqual(2);
    const csv = await (await fixture.get(`/api/v1/events?event_id=${eventId}&format=csv`)).text();
    expect(csv).toContain(`"'=first"`);
    const page = await (await fixture.get(`/events/${eventId}`)).text();
    expect(page).toContain("Conflict");
    expect((await fixture.get(`/api/v1/events/${crypto.randomUUID()}`)).status).toBe(404);
  });
});

test("stored JSON is shown and downloaded as it is: digits beyond a double, trailing zeros, a key twice", async () => {
  const eventId = crypto.randomUUID();
  const digits = '{"element":"a","order":73314510714175489,"price":0.10,"huge":1e400,"k":1,"k":2}';
  const parts = digits.slice(1, -1).split(",");
  await fixture.storeEvents([
    eventRow({ eventId, eventTimeMs: nowMs - 120_000, kafkaOffset: 910, payloadJson: digits }),
  ]);
  const payloadsOf = (text: string) =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).payload as string);
  const search = `/api/v1/events?event_id=${eventId}`;
  const text = async (path: string) => (await fixture.get(path)).text();
  expect((await fixture.json<Rows>(search)).rows[0]?.payload).toBe(digits);
  expect(payloadsOf(await text(`${search}&format=ndjson`))).toEqual([digits]);
  expect(await text(`${search}&format=csv`)).toContain(`"${digits.replaceAll('"', '""')}"`);
  const page = (await text(`/events/${eventId}`)).replaceAll("&quot;", '"');
  for (const part of parts) expect(page).toContain(part.replace(":", ": "));

  const { KAFKA_EVENTS_TOPIC: topic } = fixture.config;
  await fixture.storeLetters([deadLetter({ offset: 6, topic, errorClass: "schema", payload: Buffer.from(digits) })]);
  // As text and in the field to repair it in.
  const logged = await fixture.get(`/dead-letters/${topic}/0/6`, { headers: AUTHORIZED });
  expect((await logged.text()).replaceAll("&quot;", '"').split(digits).length - 1).toBe(2);
  const { rows } = await fixture.json<Rows>(`/api/v1/dead-letters/${topic}/0/6`);
  expect(Buffer.from(String(rows[0]?.payload_base64), "base64").toString()).toBe(digits);
  await fixture.db.clickhouse.command("ALTER TABLE dead_letters_raw DELETE WHERE 1", {
    settings: { mutations_sync: 2 },
  });
});

describe("dead letters", () => {
  test("a repaired letter is put back as the topic's next message, and is marked", async () => {
    const { KAFKA_EVENTS_TOPIC: topic } = fixture.config;
    await fixture.storeLetters([
      deadLetter({ offset: 7, topic }),
      deadLetter({ offset: 8, topic, payload: Buffer.from([0xff, 0]) }),
    ]);
    const { rows, total } = await fixture.json<Rows>("/api/v1/dead-letters?open=true");
    expect(total).toBe(2);
    const letter = rows.find((row) => row.offset === 7);
    const replay = (body: unknown, headers: Record<string, string> = AUTHORIZED) =>
      fixture.post("/api/v1/dead-letters/replay", body, headers);
    expect((await replay({ letters: [letter] }, {})).status).toBe(401);
    expect((await replay({ letters: rows, edited: "{}" })).status).toBe(400);
    expect((await replay({ letters: [] })).status).toBe(400);

    const answer = (await (await replay({ letters: [letter], edited: '{"repaired":true}' })).json()) as Rows &
      Record<string, unknown[]>;
    expect([answer.replayed?.length, answer.failed?.length, answer.skipped?.length]).toEqual([1, 0, 0]);
    const again = (await (await replay({ letters: [letter] })).json()) as Record<string, unknown[]>;
    expect(again.skipped?.length).toBe(1);
    expect((await fixture.json<Rows>("/api/v1/dead-letters?open=true")).total).toBe(1);
    const overview = () => fixture.json<{ lag_messages: number | null }>("/api/v1/overview");
    // Nobody consumes here: what was put back is the lag.
    await waitFor(async () => (await overview()).lag_messages === 1, { describe: "a lag of one message" });
    const detail = await fixture.json<Rows>(`/api/v1/dead-letters/${topic}/0/8`);
    expect(detail.rows[0]).toMatchObject({ payload_base64: "/wA=", key_base64: "dXNlci0x" });
  }, 60_000);
});

describe("verification and alerts", () => {
  test("runs are listed and shown with their report", async () => {
    const missing = crypto.randomUUID();
    const details = { defect_list: [{ kind: "missing", event_id: missing, minute: "2026-05-01T12:00:00.000Z" }] };
    const run = verificationRun({
      kind: "audit",
      verdict: "different",
      missing: 1,
      detailsJson: JSON.stringify(details),
    });
    await fixture.storeRuns([verificationRun(), run, run]);
    expect((await fixture.json<Rows>("/api/v1/verification/runs?kind=audit")).rows).toMatchObject([
      { run_id: run.runId, missing: 1 },
    ]);
    expect(await fixture.json<Record<string, unknown>>(`/api/v1/verification/runs/${run.runId}`)).toMatchObject({
      details,
    });
    expect(await (await fixture.get(`/verification/${run.runId}`)).text()).toContain(missing);
  });

  test("notifications become alerts, the newest state counts", async () => {
    const send = (body: unknown, headers: Record<string, string> = AUTHORIZED) =>
      fixture.post("/api/v1/alerts/webhook", body, headers);
    expect((await send(notification(), {})).status).toBe(401);
    expect((await send(notification(), { authorization: "Bearer wrong" })).status).toBe(401);
    expect((await send({ alerts: [{ status: "maybe" }] })).status).toBe(400);
    expect((await send(notification())).status).toBe(204);
    expect((await send(notification())).status).toBe(204);
    const list = () => fixture.json<Rows>("/api/v1/alerts");
    expect((await list()).rows).toMatchObject([
      { status: "firing", notifications: 2, ends_at: null, starts_at: "2026-05-01T12:00:00.123Z" },
    ]);
    await send(notification({ status: "resolved", endsAt: "2026-05-01T12:05:00+02:00" }));
    expect((await list()).rows).toMatchObject([
      { status: "resolved", notifications: 3, ends_at: "2026-05-01T10:05:00.000Z" },
    ]);
    expect(await fixture.metrics.registry.metrics()).toContain(
      'countinghouse_console_alerts_received_total{status="resolved"} 1',
    );
  });
});

test("the description names every route", async () => {
  const { paths, openapi } = await fixture.json<{ openapi: string; paths: Record<string, unknown> }>(
    "/api/v1/openapi.json",
  );
  expect(openapi).toBe("3.1.0");
  expect(Object.keys(paths).sort()).toEqual([
    "/alerts",
    "/alerts/webhook",
    "/business",
    "/dead-letters",
    "/dead-letters/replay",
    "/dead-letters/{topic}/{partition}/{offset}",
    "/events",
    "/events/{event_id}",
    "/live/minutes",
    "/live/series",
    "/overview",
    "/verification/runs",
    "/verification/runs/{run_id}",
  ]);
  expect((await fixture.get("/api/v1/nothing")).status).toBe(404);
});
