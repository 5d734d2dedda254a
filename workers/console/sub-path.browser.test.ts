/** The console in a real browser, under a path of a proxy that cuts the path off and rewrites Host. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { freePort } from "../../scripts/testkit/process/ports.ts";
import { type ConsoleFixture, createConsoleFixture, deadLetter, verificationRun } from "./testing/fixture.ts";
import { type ConsolePage, openConsole } from "./testing/page.ts";
import { sampleEvents } from "./testing/sample-data.ts";

const PATH = "/tools/counts";
let fixture: ConsoleFixture;
let proxy: ReturnType<typeof Bun.serve>;
let view: ConsolePage;
/** What was asked for outside of the path. */
const strays: string[] = [];

beforeAll(async () => {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}${PATH}`;
  fixture = await createConsoleFixture({ CONSOLE_PUBLIC_URL: publicUrl, CONSOLE_READ_ACCESS: "token" });
  await fixture.seed(sampleEvents({ fromMs: Date.now() - 600_000, minutes: 8, perMinute: () => 20 }));
  await fixture.storeLetters([
    deadLetter({ offset: 1, topic: fixture.config.KAFKA_EVENTS_TOPIC, reason: "broken", payload: Buffer.from("{") }),
  ]);
  await fixture.storeRuns([verificationRun()]);
  proxy = Bun.serve({
    hostname: "127.0.0.1",
    port,
    fetch: (request) => {
      const { pathname, search } = new URL(request.url);
      if (pathname !== PATH && !pathname.startsWith(`${PATH}/`)) {
        strays.push(pathname);
        return new Response("not the console's", { status: 404 });
      }
      const headers = new Headers(request.headers);
      headers.set("host", "console.internal");
      headers.delete("accept-encoding");
      const target = `${fixture.url}${pathname.slice(PATH.length) || "/"}${search}`;
      return fetch(target, { method: request.method, headers, body: request.body, redirect: "manual" });
    },
  });
  view = await openConsole(publicUrl);
}, 120_000);
afterAll(async () => {
  await view?.close();
  await proxy?.stop(true);
  await fixture?.close();
});

const hrefs = () => view.page.$$eval("a[href]", (links) => links.map((link) => (link as { href: string }).href));

test("logs in, draws its charts, and every link of every page leads to a page under the path", async () => {
  await view.logIn();
  await view.open("/?minutes=60");
  await view.page.waitForSelector("[data-chart][data-drawn]");
  const own = `http://127.0.0.1:${proxy.port}${PATH}`;
  const seen = new Set<string>();
  const waiting = [`${own}/`, `${own}/runbook`];
  for (let url = waiting.pop(); url !== undefined && seen.size < 40; url = waiting.pop()) {
    const [page = ""] = url.split("#");
    if (seen.has(page) || page.includes("format=") || page.endsWith(".json")) continue;
    seen.add(page);
    const answer = await view.page.goto(page);
    expect([page, answer?.status()]).toEqual([page, 200]);
    for (const href of await hrefs()) {
      if (!href.startsWith(`http://127.0.0.1:${proxy.port}`)) continue;
      expect(href).toStartWith(own);
      waiting.push(href);
    }
  }
  const paths = [...seen].map((page) => new URL(page).pathname.slice(PATH.length));
  for (const path of ["/events", "/dead-letters", "/verification", "/alerts", "/runbook"])
    expect(paths).toContain(path);
  expect(strays).toEqual([]);
  expect(view.complaints).toEqual([]);
}, 120_000);
