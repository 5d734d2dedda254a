import { expect, test } from "bun:test";
import { loadConsoleConfig } from "../config.ts";
import { consoleWithoutStore } from "../testing/storeless.ts";

const TOKEN = "a-token-of-enough-length";

function consoleAt(url: string | undefined, env: Record<string, string> = {}) {
  const given = url === undefined ? {} : { CONSOLE_PUBLIC_URL: url };
  return consoleWithoutStore(loadConsoleConfig({ CONSOLE_TOKEN: TOKEN, ...given, ...env }));
}
const logIn = (origin: string) => ({
  method: "POST",
  body: new URLSearchParams({ token: TOKEN, to: "/events" }),
  headers: { origin, host: "127.0.0.1:8081" },
});

test("under a path, every address of a page has it, whether the proxy cuts it off or not", async () => {
  const app = consoleAt("https://ops.example/countinghouse/");
  for (const path of ["/countinghouse/login", "/login"]) {
    const page = await (await app.request(path, { headers: { host: "127.0.0.1" } })).text();
    const addresses = [...page.matchAll(/(?:href|action|src|hx-get|hx-post)="(\/[^"]*)"/g)].map(
      ([, address]) => address,
    );
    expect(addresses.length).toBeGreaterThan(5);
    expect(addresses.filter((address) => !address?.startsWith("/countinghouse/"))).toEqual([]);
    const asset = addresses.find((address) => address?.includes("/assets/"));
    expect((await app.request(String(asset), { headers: { host: "127.0.0.1" } })).status).toBe(200);
  }
  const api = await app.request("/countinghouse/api/v1/openapi.json", { headers: { host: "127.0.0.1" } });
  expect(await api.json()).toMatchObject({ servers: [{ url: "/countinghouse/api/v1" }] });
  expect((await app.request("/countinghouses/login", { headers: { host: "127.0.0.1" } })).status).toBe(404);
});

test("behind a proxy that rewrites the host's name, its own page logs in, and nobody else's does", async () => {
  const app = consoleAt("https://ops.example/countinghouse");
  const answer = await app.request("/login", logIn("https://ops.example"));
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/countinghouse/events"]);
  expect(answer.headers.get("set-cookie")).toContain("Secure");
  expect((await app.request("/login", logIn("https://evil.example"))).status).toBe(403);
  // Without the setting, nothing says that the page is the console's own.
  expect((await consoleAt(undefined).request("/login", logIn("https://ops.example"))).status).toBe(403);
});

test("an open console answers to the name of its public address, and to no other", async () => {
  const app = consoleAt("https://ops.example", { CONSOLE_READ_ACCESS: "open" });
  const statusAs = async (host: string) => (await app.request("/login", { headers: { host } })).status;
  expect(await statusAs("ops.example")).toBe(200);
  expect(await statusAs("evil.example")).toBe(403);
});
