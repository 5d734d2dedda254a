import { expect, test } from "bun:test";
import { type ConsoleFixture, createConsoleFixture } from "./testing/fixture.ts";
import { type ConsolePage, openConsole } from "./testing/page.ts";
import { sampleEvents } from "./testing/sample-data.ts";

async function withConsole(run: (fixture: ConsoleFixture, view: ConsolePage) => Promise<void>): Promise<void> {
  const fixture = await createConsoleFixture();
  const view = await openConsole(fixture.url).catch(async (error: unknown) => {
    await fixture.close();
    throw error;
  });
  try {
    await run(fixture, view);
    expect(view.complaints).toEqual([]);
  } finally {
    await view.close();
    await fixture.close();
  }
}

test("an empty store: every page says so", async () => {
  await withConsole(async (_, view) => {
    await view.open("/");
    expect(await view.page.getAttribute("#status", "data-level")).toBe("idle");
    expect(await view.text("#status")).toContain("No event was stored yet");
    for (const [path, title] of [
      ["/", "No events in this range"],
      ["/business", "No business figures in this range"],
      ["/events", "No events found"],
      ["/dead-letters", "No dead letters"],
      ["/verification", "No verification was recorded"],
      ["/alerts", "No alerts"],
    ] as const) {
      await view.open(path);
      expect(await view.text(".empty-title")).toBe(title);
    }
  });
}, 90_000);

test("10,000 minutes: figures, chart and the last page of the table", async () => {
  await withConsole(async (fixture, view) => {
    const minutes = 10_050;
    const fromMs = (Math.floor(Date.now() / 60_000) - minutes) * 60_000;
    await fixture.seed(sampleEvents({ fromMs, minutes, perMinute: (minute) => 2 + (minute % 3) }));
    const started = performance.now();
    await view.open("/?minutes=10080");
    const total = Number((await fixture.db.clickhouse.query<{ n: string }>("SELECT count() AS n FROM events"))[0]?.n);
    expect(await view.number("#stored")).toBe(total);
    expect(await view.number("#shown")).toBe(total);
    expect(await view.number("#acknowledged")).toBe(total);
    await view.page.waitForSelector("#chart-counts[data-drawn='10080']");
    await view.page.waitForSelector("#chart-sources[data-drawn='10080']");
    // Generous: the point is that it does not grow into minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(await view.page.$$eval("#minutes tbody tr", (rows) => rows.length)).toBeGreaterThan(50);
    await view.open("/?minutes=10080&by=type&page=168");
    const last = await view.page.$$eval("#minutes tbody tr", (rows) =>
      rows.map((row) => row.lastElementChild?.textContent),
    );
    expect(last.length).toBeGreaterThan(50);
    expect(new Set(last)).toEqual(new Set(["✓equal"]));
    expect(await view.text(".pager")).toContain("Page 168 of 168");
  });
}, 240_000);
