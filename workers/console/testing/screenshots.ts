/**
 * Takes the screenshots of the documentation: `bun workers/console/testing/screenshots.ts`. Starts a broker and an engine,
 * fills them with the sample data, and photographs the pages with the system's Chromium. Looks best with the font Inter.
 */
import { join } from "node:path";
import { eventRow } from "../../../scripts/testkit/index.ts";
import type { BrowserOptions } from "./browser.ts";
import { createConsoleFixture, deadLetter, notification, TOKEN, verificationRun } from "./fixture.ts";
import { openConsole } from "./page.ts";
import { sampleEvents } from "./sample-data.ts";

const DIRECTORY = join(import.meta.dir, "../../../docs/images");
const MINUTE = 60_000;
const now = Date.now();

const fixture = await createConsoleFixture({
  GRAFANA_URL: "http://127.0.0.1:3000",
  PROMETHEUS_URL: "http://127.0.0.1:9090",
  ALERTMANAGER_URL: "http://127.0.0.1:9093",
});
const wave = (minute: number) => Math.round(34 + 12 * Math.sin(minute / 37) + 5 * Math.sin(minute / 5));
const minutes = 26 * 60;
const fromMs = (Math.floor(now / MINUTE) - minutes + 1) * MINUTE;
const rows = sampleEvents({ fromMs, minutes, perMinute: wave, untilMs: now });
console.log(`storing ${rows.length} events`);
await fixture.seed(rows);
const twin =
  rows.findLast((row) => row.eventType === "click") ??
  eventRow({ eventId: crypto.randomUUID(), eventTimeMs: now, kafkaOffset: 1 });
const copy = {
  ...twin,
  kafkaOffset: twin.kafkaOffset + 71,
  kafkaAppendTimeMs: twin.kafkaAppendTimeMs + 840,
  latencyMs: twin.latencyMs + 840,
};
await fixture.storeEvents([copy]);

const letter = (offset: number, errorClass: string, reason: string, payload: string | Buffer) =>
  deadLetter({
    offset,
    errorClass,
    reason,
    topic: "events",
    partition: offset % 6,
    payload: Buffer.from(payload),
    appendTimeMs: now - offset * 41_000,
  });
const event = {
  event_id: "7f1d9c52-6c0b-4a5e-9d7f-2f6f0c1b3a44",
  user_id: "user-0142",
  event_type: "ticket_purchased",
  event_time: "yesterday at noon",
  received_time: "2026-05-01T12:00:03Z",
  source: "lottery",
  payload: { draw: "6-49", amount: "2.50", currency: "EUR" },
};
await fixture.storeLetters([
  letter(
    4,
    "schema",
    "event_time: must be an ISO 8601 time with offset, 1970-01-01 to 2106-02-06",
    JSON.stringify(event),
  ),
  letter(11, "malformed_json", "not JSON: the object has a syntax error", '{"event_id":"1b0c…'),
  letter(
    23,
    "too_old",
    "event_time: 3196800000 ms before the append time, the limit is 2592000000 ms",
    JSON.stringify({ ...event, event_time: "2026-01-01T00:00:00Z" }),
  ),
  letter(31, "malformed_json", "not valid UTF-8", Buffer.from([0xff, 0xfe, 0x7b, 0x00])),
  letter(
    44,
    "schema",
    "source: must be one of lottery, web, mobile, sensor",
    JSON.stringify({ ...event, source: "radio" }),
  ),
]);
await fixture.storeRuns(
  Array.from({ length: 9 }, (_, i) =>
    verificationRun({
      runAtMs: now - 4_000 - i * 60_000,
      provenUntilMs: now - 64_000 - i * 60_000,
      checkedEvents: rows.length - i * 37,
      durationMs: 610 + ((i * 83) % 240),
      ...(i === 5 ? { kind: "audit" as const, durationMs: 4_810 } : {}),
    }),
  ),
);
const send = (body: unknown) => fixture.post("/api/v1/alerts/webhook", body, { authorization: `Bearer ${TOKEN}` });
const told = (minutesAgo: number) => new Date(now - minutesAgo * MINUTE).toISOString();
await send(
  notification({
    name: "DeadLetterRateHigh",
    status: "resolved",
    fingerprint: "1f0c",
    startsAt: told(95),
    endsAt: told(88),
    labels: { namespace: "countinghouse", error_class: "schema" },
    annotations: {
      summary: "0.9 % of the messages are refused",
      description: "Over 10 minutes 212 of 23,511 messages became dead letters, most of class schema.",
      runbook_url: "https://example.test/runbook#dead-letters",
    },
  }),
);

async function shoot(
  name: string,
  path: string,
  options: BrowserOptions & { logIn?: boolean; wait?: string } = {},
): Promise<void> {
  const view = await openConsole(fixture.url, { width: 1200, height: 780, ...options });
  if (options.logIn) await view.logIn();
  // A fresh event, so that the page is as live as a page of a running pipeline.
  await fixture.storeEvents([
    eventRow({ eventId: crypto.randomUUID(), eventTimeMs: Date.now(), kafkaOffset: 90_000_000, latencyMs: 140 }),
  ]);
  await view.open(path);
  if (options.wait) for (const selector of options.wait.split(" + ")) await view.page.waitForSelector(selector);
  await view.page.screenshot({ path: join(DIRECTORY, `${name}.png`) });
  console.log(`${name}.png`, view.complaints.length === 0 ? "" : view.complaints);
  await view.close();
}

const LIVE = "#chart-counts[data-drawn] + #chart-sources[data-drawn]";
try {
  await shoot("console-live", "/?minutes=360", { height: 1000, wait: LIVE });
  await shoot("console-live-dark", "/?minutes=360", { scheme: "dark", height: 1000, wait: LIVE });
  await shoot("console-live-phone", "/?minutes=360", { width: 390, height: 844, wait: LIVE });
  await shoot("console-business", "/business", { height: 900, wait: "#chart-money[data-drawn]" });
  await shoot("console-events", "/events");
  await shoot("console-event", `/events/${twin.eventId}`, { height: 900 });
  await shoot("console-dead-letter", "/dead-letters/events/4/4", { logIn: true, height: 1180 });
  await shoot("console-dead-letters-phone", "/dead-letters", { width: 390, height: 844, scheme: "dark" });
  await shoot("console-verification", "/verification", { scheme: "dark", height: 640 });
  await send(
    notification({
      name: "ConsumedToProducedRatioLow",
      severity: "critical",
      fingerprint: "2a9d",
      startsAt: told(3),
      labels: { namespace: "countinghouse", job: "consumer" },
      annotations: {
        summary: "Only 41 % of the produced events are consumed",
        description: "Over 5 minutes 12,004 events were produced and 4,921 consumed; the lag is 7,083 messages.",
        runbook_url: "https://example.test/runbook#ratio",
      },
    }),
  );
  await shoot("console-alerts", "/alerts", { height: 560 });
} finally {
  await fixture.close();
}
process.exit(0);
