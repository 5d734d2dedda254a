/** What load balancers and clients say to the console on the wire. */
import { afterEach, expect, test } from "bun:test";
import { openWire } from "../../scripts/testkit/wire.ts";
import { loadConsoleConfig } from "./config.ts";
import { startConsoleServer } from "./server.ts";
import { consoleWithoutStore } from "./testing/storeless.ts";

const TOKEN = "a-token-of-enough-length";
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serve(host = "127.0.0.1", env: Record<string, string> = {}) {
  const config = loadConsoleConfig({ HTTP_HOST: host, HTTP_PORT: "0", CONSOLE_TOKEN: TOKEN, ...env });
  const state = { ready: true };
  const app = consoleWithoutStore(config, {
    live: {},
    ready: { store: () => (state.ready ? { ok: true } : { ok: false, detail: "not yet" }) },
  });
  const keepAliveMs = config.HTTP_KEEP_ALIVE_SECONDS * 1000;
  const server = await startConsoleServer({ host, port: config.HTTP_PORT, maxBodyBytes: 1_000, keepAliveMs }, app);
  stops.push(() => server.stop());
  return { port: server.port, state };
}
const body = "edited=%7B%7D";
const check = (port: number, lines: readonly string[], length = body.length) =>
  [
    "POST /dead-letters/check HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Content-Type: application/x-www-form-urlencoded",
    `Content-Length: ${length}`,
    ...lines,
    "",
    "",
  ].join("\r\n");
const KEY = `Authorization: Bearer ${TOKEN}`;

test.each(["100-continue", "100-Continue"])("Expect: %s is answered at once, before the body", async (value) => {
  const { port } = await serve();
  const wire = await openWire(port);
  wire.write(check(port, [KEY, `Expect: ${value}`]));
  await wire.has("HTTP/1.1 100 Continue\r\n\r\n");
  wire.write(body);
  await wire.has("HTTP/1.1 200 ");
  await wire.has("would be refused again");
  wire.close();
});

test.each([
  ["a wrong token", (port: number) => check(port, ["Authorization: Bearer wrong", "Expect: 100-Continue"]), "403"],
  ["a body too large", (port: number) => check(port, [KEY, "Expect: 100-continue"], 50_000_000), "413"],
])("%s is refused without asking for the body", async (_, request, status) => {
  const { port } = await serve();
  const wire = await openWire(port);
  wire.write(request(port));
  await wire.has(`HTTP/1.1 ${status} `);
  expect(wire.text).not.toContain("100 Continue");
  await wire.until(() => wire.closed);
});

test("health is on the console's port, without a token, under any name", async () => {
  const { port, state } = await serve("127.0.0.1", { CONSOLE_READ_ACCESS: "token" });
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { headers: { host: "10.0.0.7" } });
  expect([(await ask("/livez")).status, (await ask("/readyz")).status]).toEqual([200, 200]);
  state.ready = false;
  const answer = await ask("/readyz");
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { ok: false, failed: [{ name: "store", detail: "not yet" }] },
  ]);
});

test("idle connections stay for 75 s unless told otherwise", async () => {
  for (const [env, seconds] of [[{}, 75] as const, [{ HTTP_KEEP_ALIVE_SECONDS: "1" }, 1] as const]) {
    const { port } = await serve("127.0.0.1", env);
    const wire = await openWire(port);
    wire.write(`GET /livez HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    await wire.has("HTTP/1.1 200 ");
    expect(wire.text.toLowerCase()).toContain(`keep-alive: timeout=${seconds}`);
    if (seconds === 1) await wire.until(() => wire.closed);
    wire.close();
  }
});

test("HEAD, GET with a body and HTTP/1.0 are answered", async () => {
  const { port } = await serve();
  const ask = async (text: string) => {
    const wire = await openWire(port);
    wire.write(text);
    await wire.has("HTTP/1.1 200 ");
    return wire;
  };
  const head = await ask(`HEAD /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  head.write(`GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  await head.until(() => head.text.split("HTTP/1.1 200 ").length === 3 && head.text.includes('"ok":true'));
  await ask(`GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\r\nbody`);
  const old = await ask("GET /livez HTTP/1.0\r\n\r\n");
  await old.until(() => old.closed);
  expect(old.text).toEndWith('{"ok":true,"failed":[]}');
});

test.each(["::1", "[::1]"])("listens on IPv6: %s", async (host) => {
  const { port } = await serve(host);
  expect((await fetch(`http://[::1]:${port}/livez`)).status).toBe(200);
});

test("a port in use is named with the way out", async () => {
  const { port } = await serve();
  const again = startConsoleServer({ host: "127.0.0.1", port, maxBodyBytes: 1_000, keepAliveMs: 1_000 }, {} as never);
  await expect(again).rejects.toMatchObject({
    code: "CANNOT_LISTEN",
    message: expect.stringContaining(`127.0.0.1:${port}`),
  });
});
