import { afterAll, beforeAll, expect, test } from "bun:test";
import { openBrowser, type TestBrowser } from "../../workers/console/testing/browser.ts";
import { EmbeddedPipeline } from "../testkit/embedded-pipeline.ts";
import { waitFor } from "../testkit/index.ts";

/** A website that sends events to the ingest API from its visitors' browsers, without a server of its own. */

let pipeline: EmbeddedPipeline;
let browser: TestBrowser;
const sites: { stop(closeAll: boolean): Promise<void> }[] = [];

beforeAll(async () => {
  pipeline = await EmbeddedPipeline.start();
  browser = await openBrowser();
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await Promise.all(sites.map((site) => site.stop(true)));
  await pipeline?.stop();
});

/** A site on a port of its own, which is an origin of its own. */
function site(): string {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("<!doctype html><title>shop</title>", { headers: { "content-type": "text/html" } }),
  });
  sites.push(server);
  return `http://127.0.0.1:${server.port}`;
}

const event = (user: string) => {
  const now = new Date().toISOString();
  return { event_id: crypto.randomUUID(), user_id: user, event_type: "click", event_time: now, received_time: now };
};

test("a page on an allowed origin sends by fetch and by sendBeacon, and its events are counted; another page does not", async () => {
  const [shop, evil] = [site(), site()];
  pipeline.startConsumer();
  const producer = pipeline.startProducer(["http", "--port", "0"], {
    API_KEYS: "a-secret-key",
    PUBLIC_API_KEYS: "page-key",
    HTTP_ALLOWED_ORIGINS: shop,
  });
  const { json } = await producer.waitForLog((line) => line.json.msg === "ready", { timeoutMs: 60_000 });
  const url = `http://127.0.0.1:${json.http_port}/v1/events`;

  const page = await browser.context.newPage();
  const byFetch = (one: object) =>
    page.evaluate(
      async ([address, body]) => {
        try {
          const answer = await fetch(address, {
            method: "POST",
            headers: { "content-type": "application/json", "x-api-key": "page-key" },
            body,
          });
          return [answer.status, ((await answer.json()) as { accepted?: number }).accepted];
        } catch {
          return ["not allowed", undefined];
        }
      },
      [url, JSON.stringify(one)] as const,
    );
  // As text: sendBeacon is not among the types of this runtime.
  const beacon = (one: object) =>
    `navigator.sendBeacon(${JSON.stringify(`${url}?key=page-key`)}, ${JSON.stringify(JSON.stringify(one))})`;
  const byBeacon = (one: object) => page.evaluate(beacon(one));

  await page.goto(shop);
  expect(await byFetch(event("by-fetch"))).toEqual([202, 1]);
  expect(await byBeacon(event("by-beacon"))).toBe(true);
  await page.goto(evil);
  expect(await byFetch(event("evil"))).toEqual(["not allowed", undefined]);
  await byBeacon(event("evil"));
  // A beacon that is sent while its page is being left.
  await page.goto(shop);
  await page.evaluate(`addEventListener("pagehide", () => ${beacon(event("leaving"))})`);
  await page.goto("about:blank");

  const counted = async () =>
    Number((await pipeline.one<{ n: string }>("SELECT sum(events) AS n FROM events_per_minute")).n);
  await waitFor(async () => (await counted()) === 3, { timeoutMs: 90_000, describe: "three events to be counted" });
  const users = await pipeline.one<{ names: string[] }>("SELECT arraySort(groupArray(user_id)) AS names FROM events");
  expect(users.names).toEqual(["by-beacon", "by-fetch", "leaving"]);
  expect(await producer.kill()).toBe(0);
}, 240_000);
