import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventRow } from "../../scripts/testkit/index.ts";
import {
  type ConsoleFixture,
  createConsoleFixture,
  deadLetter,
  notification,
  TOKEN,
  verificationRun,
} from "./testing/fixture.ts";
import { type ConsolePage, openConsole } from "./testing/page.ts";
import { sampleEvents } from "./testing/sample-data.ts";

const MINUTE = 60_000;
const nowMs = Date.now();
const events = sampleEvents({
  fromMs: (Math.floor(nowMs / MINUTE) - 14) * MINUTE,
  minutes: 14,
  perMinute: (minute) => 60 + (minute % 5) * 7,
});
const broken =
  '{"event_id":"7f1d0000-0000-4000-8000-00000000000a","user_id":"carol","event_type":"click","event_time":"yesterday","received_time":"2026-05-01T12:00:00Z"}';

let fixture: ConsoleFixture;
let view: ConsolePage;

beforeAll(async () => {
  fixture = await createConsoleFixture({ GRAFANA_URL: "http://127.0.0.1:3000" });
  await fixture.seed(events);
  const topic = fixture.config.KAFKA_EVENTS_TOPIC;
  const reason = "event_time: must be an ISO 8601 time";
  await fixture.storeLetters([
    deadLetter({ offset: 1, topic, errorClass: "schema", reason, payload: Buffer.from(broken) }),
    deadLetter({ offset: 2, topic, reason: "not valid UTF-8", payload: Buffer.from([0xff, 0xfe, 0x00, 0x41]) }),
  ]);
  const unproven = verificationRun({ kind: "audit", verdict: "not_proven", provenUntilMs: undefined });
  await fixture.storeRuns([verificationRun(), unproven]);
  view = await openConsole(fixture.url);
}, 120_000);
afterAll(async () => {
  await view?.close();
  await fixture?.close();
});

const value = async (sql: string) =>
  Number(Object.values((await fixture.db.clickhouse.query<Record<string, string>>(sql))[0] ?? {})[0]);
const rowsOf = (table: string) =>
  view.page.$$eval(`${table} tbody tr`, (rows) =>
    rows.map((row) => [...row.children].map((cell) => cell.textContent?.trim() ?? "")),
  );
const drawn = (id: string) => view.page.waitForSelector(`#${id}[data-drawn]`);
const charts = () => view.page.$$eval(".uplot canvas", (found) => found.length);

describe("live", () => {
  test("figures and rows are those of SQL, and the browser has no complaint", async () => {
    await view.open("/?minutes=60");
    expect(await view.number("#acknowledged")).toBe(await value("SELECT sum(events) AS n FROM producer_ledger"));
    expect(await view.number("#stored")).toBe(await value("SELECT count() AS n FROM events"));
    expect(await view.number("#shown")).toBe(await value("SELECT sum(events) AS n FROM events_per_minute"));
    expect(await view.number("#late")).toBe(await value("SELECT sum(late_events) AS n FROM events_per_minute"));
    const rows = await rowsOf("#minutes");
    const expected = await fixture.db.clickhouse.query<{ m: string; n: string }>(
      `SELECT formatDateTime(event_minute, '%H:%i') AS m, sum(events) AS n
       FROM events_per_minute GROUP BY event_minute ORDER BY event_minute DESC`,
    );
    expect(rows.map((row) => [row[0]?.slice(-5), row[1], row[2], row[3]])).toEqual(
      expected.map(({ m, n }) => [m, n, n, n]),
    );
    expect(new Set(rows.map((row) => row.at(-1)))).toEqual(new Set(["✓equal"]));
    await drawn("chart-counts");
    await drawn("chart-sources");
    expect(await charts()).toBe(2);
    expect(view.complaints).toEqual([]);
  }, 60_000);

  test("proven until is the continuous audit's: the partition that is furthest behind, and a difference in red", async () => {
    const proven = async () => ({
      value: await view.text("#proven"),
      level: await view.page.$eval("#proven", ({ parentElement }) => parentElement?.className),
      page: await view.page.getAttribute("#status", "data-level"),
    });
    const time = (ms: number) => new Date(ms).toISOString().slice(11, 19);
    const [ahead, behind] = [Date.now(), Date.now() - 40_000];
    await fixture.storeProof([behind, ahead]);
    await view.open("/");
    expect(await proven()).toMatchObject({ value: time(behind), level: "stat stat-ok" });
    await fixture.storeProof([ahead, ahead], "0/9: event is not stored");
    await view.open("/");
    expect(await proven()).toMatchObject({ value: time(ahead), level: "stat stat-bad", page: "bad" });
    expect(await view.text("#status")).toContain("The continuous audit stands at a difference");
    await fixture.storeProof([ahead, ahead]);
  }, 60_000);

  test("filters by keyboard; the address can be shared", async () => {
    await view.open("/?minutes=60");
    await view.page.focus("#f-source");
    await view.page.keyboard.type("lottery");
    await view.page.waitForURL("**/*source=lottery*");
    const lottery = "FROM events_per_minute WHERE source = 'lottery'";
    expect(await view.number("#shown")).toBe(await value(`SELECT sum(events) AS n ${lottery}`));
    await view.page.selectOption("#f-by", "type");
    await view.page.waitForURL("**/*by=type*");
    expect((await rowsOf("#minutes")).length).toBe(await value(`SELECT count() AS n ${lottery}`));
  }, 60_000);

  test("new events appear without a reload, and focus stays", async () => {
    await view.open("/?minutes=60");
    const before = await view.number("#stored");
    await drawn("chart-counts");
    await view.page.focus("section[aria-label^='Events per minute']");
    await fixture.storeEvents([
      eventRow({ eventId: crypto.randomUUID(), eventTimeMs: Date.now(), kafkaOffset: 99_999 }),
    ]);
    await view.page.waitForSelector(`#stored:text-is("${(before + 1).toLocaleString("en-US")}")`);
    const focused = await view.page.evaluate<unknown>('document.activeElement?.getAttribute("aria-label")');
    expect(focused).toContain("Events per minute");
    await drawn("chart-sources");
    expect(await charts()).toBe(2);
    expect(view.complaints).toEqual([]);
  }, 60_000);

  test("turns red without ClickHouse and recovers by itself", async () => {
    await view.open("/?minutes=60");
    fixture.proxy.refuse(true);
    try {
      await view.page.waitForSelector("#status[data-level=bad] >> text=ClickHouse does not answer");
      await view.open("/?minutes=60");
      expect(await view.text("main")).toContain("ClickHouse does not answer");
    } finally {
      fixture.proxy.refuse(false);
    }
    await view.page.waitForSelector("#produced");
    view.complaints.length = 0; // the failed requests
  }, 60_000);
});

test("a console that does not answer is told by the page itself", async () => {
  await view.open("/");
  await view.page.context().setOffline(true);
  try {
    await view.page.waitForSelector("#offline:visible");
  } finally {
    await view.page.context().setOffline(false);
  }
  await view.page.waitForSelector("#offline", { state: "hidden" });
  view.complaints.length = 0; // the failed requests
}, 60_000);

test("business figures are those of the views", async () => {
  await view.open("/business");
  await drawn("chart-money");
  const rows = await rowsOf("#business");
  expect(rows.length).toBe(await value("SELECT count() AS n FROM business_per_hour"));
  const head = await view.page.$$eval("#business thead th", (cells) => cells.map((cell) => cell.textContent?.trim()));
  const column = (name: string) =>
    rows.reduce((sum, row) => sum + Number(row[head.indexOf(name)]?.replaceAll(",", "")), 0);
  const revenue = await value("SELECT sum(revenue['EUR']) AS n FROM business_per_hour");
  expect(column("Revenue EUR")).toBeCloseTo(revenue, 2);
  expect(column("Tickets")).toBe(await value("SELECT sum(tickets) AS n FROM business_per_hour"));
  await view.page.click("text=Days");
  await view.page.waitForURL("**/*view=days*");
  expect((await rowsOf("#business")).length).toBe(await value("SELECT count() AS n FROM business_daily"));
  expect(view.complaints).toEqual([]);
}, 60_000);

describe("events", () => {
  test("search, older pages, and the forms of one event", async () => {
    await view.open("/events");
    expect((await rowsOf("#events")).length).toBe(50);
    await view.page.click("text=Older →");
    await view.page.waitForURL("**/*cursor=*");
    expect((await rowsOf("#events")).length).toBe(50);
    await view.page.fill("#f-user_id", "user-0007");
    await view.page.press("#f-user_id", "Enter");
    await view.page.waitForURL("**/*user_id=user-0007*");
    const expected = await value("SELECT count() AS n FROM events WHERE user_id = 'user-0007'");
    expect((await rowsOf("#events")).length).toBe(expected);
    await view.page.click("#events tbody tr:first-child a.mono");
    await view.page.waitForSelector("#forms");
    const head = await view.text("#forms thead");
    expect(head).toContain("Stored form");
    expect(head).toContain("Raw copy 1");
    expect(view.complaints).toEqual([]);
  }, 60_000);

  test("an id is found at any age; nothing found and nonsense are told apart", async () => {
    await view.open("/events");
    await view.page.fill("#f-event_id", (events[0]?.eventId ?? "").toUpperCase());
    await view.page.press("#f-event_id", "Enter");
    await view.page.waitForSelector("#forms");
    await view.open("/events?user_id=nobody");
    expect(await view.text(".empty-title")).toBe("No events found");
    await view.open("/events?from=whenever");
    expect(await view.text("main")).toContain("from: must be a time");
    view.complaints.length = 0; // the 400
  }, 60_000);
});

test("a dead letter is inspected, checked, repaired and replayed", async () => {
  const topic = fixture.config.KAFKA_EVENTS_TOPIC;
  await view.open("/dead-letters");
  expect((await rowsOf("#letters")).length).toBe(2);
  expect(await view.page.$("input[name=letter]")).toBeNull();
  await view.page.click(`text=${topic}/0/2`);
  await view.page.waitForSelector("text=ff fe 00 41");
  await view.logIn();
  await view.open(`/dead-letters/${topic}/0/1`);
  await view.page.click("button:text('Check')");
  await view.page.waitForSelector("#check-0 >> text=would be refused again as schema");
  await view.page.fill("textarea", broken.replace("yesterday", "2026-05-01T12:00:00Z"));
  await view.page.click("button:text('Check')");
  await view.page.waitForSelector("#check-0 >> text=a valid event");
  view.page.once("dialog", (dialog) => dialog.dismiss());
  await view.page.click("button.primary:text('Replay')");
  expect(view.page.url()).toContain("/0/1");
  view.page.once("dialog", (dialog) => dialog.accept());
  await view.page.click("button.primary:text('Replay')");
  await view.page.waitForSelector("#replayed >> text=1 put back, 0 failed, 0 skipped");
  await view.open("/dead-letters?open=true");
  expect((await rowsOf("#letters")).length).toBe(1);
  await view.page.check("[data-select-all]");
  expect(await view.page.isChecked("input[name=letter]")).toBe(true);
  expect(view.complaints).toEqual([]);
}, 90_000);

test("verification and alerts, also as they arrive", async () => {
  await view.open("/verification");
  expect((await rowsOf("#runs")).map((row) => row[2])).toEqual(expect.arrayContaining(["✓exact", "!not proven"]));
  await view.open("/alerts");
  expect(await view.text(".empty-title")).toBe("No alerts");
  const send = (body: unknown) => fixture.post("/api/v1/alerts/webhook", body, { authorization: `Bearer ${TOKEN}` });
  await send(notification({ severity: "critical" }));
  await view.page.waitForSelector("[data-status=firing] >> text=No new event for 65 s");
  await view.open("/");
  expect(await view.text("#status")).toContain("1 alert is firing");
  expect(await view.page.getAttribute("#status", "data-level")).toBe("bad");
  await send(notification({ status: "resolved", severity: "critical", endsAt: new Date().toISOString() }));
  await view.open("/alerts?status=firing");
  expect(await view.text(".empty-title")).toBe("No alerts");
  expect(view.complaints).toEqual([]);
}, 60_000);

test("the theme follows the system and the switch, and stays", async () => {
  const background = () => view.page.evaluate<unknown>("getComputedStyle(document.body).backgroundColor");
  await view.open("/alerts");
  const light = await background();
  await view.page.click("#theme");
  const dark = await background();
  expect(dark).not.toBe(light);
  await view.open("/events");
  expect(await background()).toBe(dark);
  await view.page.click("#theme");
  expect(await background()).toBe(light);
  await view.page.emulateMedia({ colorScheme: "dark" });
  expect(await background()).toBe(light);
}, 60_000);

test("a phone shows every page without scrolling sideways", async () => {
  const topic = fixture.config.KAFKA_EVENTS_TOPIC;
  const event = `/events/${events[0]?.eventId}`;
  const pages = ["/", "/business", "/events", event, "/dead-letters", `/dead-letters/${topic}/0/1`, "/verification"];
  await view.page.setViewportSize({ width: 375, height: 740 });
  try {
    for (const path of [...pages, "/alerts", "/login"]) {
      await view.open(path);
      const width = await view.page.evaluate<unknown>("document.documentElement.scrollWidth");
      expect([path, width]).toEqual([path, 375]);
    }
  } finally {
    await view.page.setViewportSize({ width: 1280, height: 900 });
  }
}, 60_000);

test("every table fits a window of 1280 pixels without scrolling sideways", async () => {
  const topic = fixture.config.KAFKA_EVENTS_TOPIC;
  const event = `/events/${events[0]?.eventId}`;
  const lists = ["/?minutes=60&by=type", "/business", "/business?view=days", "/events", event, "/dead-letters"];
  for (const path of [...lists, `/dead-letters/${topic}/0/1`, "/verification"]) {
    await view.open(path);
    const overflow = await view.page.evaluate<unknown>(
      "[...document.querySelectorAll('.table-wrap')].map((wrap) => wrap.scrollWidth - wrap.clientWidth)",
    );
    expect([path, overflow]).toEqual([path, (overflow as number[]).map(() => 0)]);
  }
}, 60_000);

test("the first press of Tab leads past the navigation", async () => {
  await view.open("/verification");
  await view.page.keyboard.press("Tab");
  expect(await view.page.evaluate<unknown>("document.activeElement?.textContent")).toContain("Skip to content");
  await view.page.keyboard.press("Enter");
  expect(await view.page.evaluate<unknown>("document.activeElement?.id")).toBe("main");
}, 60_000);
