import { expect } from "bun:test";
import type { RolePipeline } from "./role-pipeline.ts";

const TOKEN = "a-token-for-role-tests-0123456789";
const PAGES = ["/", "/events", "/business", "/dead-letters", "/verification", "/alerts"];
const API = [
  "overview",
  "live/minutes",
  "live/series",
  "events",
  "events?format=csv",
  "events?format=ndjson",
  "business",
  "dead-letters",
  "verification/runs",
  "alerts",
];

/** The compiled console answers every page and every read of its API with the running role. */
export async function consoleReads(pipeline: RolePipeline): Promise<void> {
  await withConsole(pipeline, async (url) => {
    const [first] = ((await (await fetch(`${url}/api/v1/events`)).json()) as { rows: { event_id: string }[] }).rows;
    const paths = [...PAGES, ...API.map((path) => `/api/v1/${path}`), `/events/${first?.event_id}`];
    const answers = await Promise.all(paths.map(async (path) => `${path} ${(await fetch(url + path)).status}`));
    expect(answers).toEqual(paths.map((path) => `${path} 200`));
    for (const path of PAGES) expect(await (await fetch(url + path)).text()).not.toContain("privileges");
  });
}

/** The compiled console takes a notification and puts the newest dead letter back, repaired as `edited`. */
export async function consoleWrites(pipeline: RolePipeline, edited: string): Promise<void> {
  await withConsole(pipeline, async (url) => {
    const post = (path: string, body: unknown) =>
      fetch(`${url}/api/v1/${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const alert = {
      status: "firing",
      labels: { alertname: "Roles" },
      annotations: {},
      startsAt: "2026-05-01T12:00:00Z",
    };
    const sent = await post("alerts/webhook", {
      receiver: "r",
      groupKey: "g",
      alerts: [{ ...alert, fingerprint: "f" }],
    });
    expect([sent.status, await sent.text()]).toEqual([204, ""]);
    const letters = (await (await fetch(`${url}/api/v1/dead-letters?open=true`)).json()) as { rows: unknown[] };
    const replay = await post("dead-letters/replay", { letters: letters.rows.slice(0, 1), edited });
    expect([replay.status, await replay.json()]).toMatchObject([200, { failed: [], skipped: [] }]);
  });
}

async function withConsole(pipeline: RolePipeline, visit: (url: string) => Promise<void>): Promise<void> {
  const worker = pipeline.start("console", [], { HTTP_PORT: "0", CONSOLE_TOKEN: TOKEN });
  const { json } = await worker.waitForLog((line) => line.json.msg === "console ready");
  await visit(`http://127.0.0.1:${json.http_port}`);
  expect(await worker.kill()).toBe(0);
}
