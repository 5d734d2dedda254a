import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ConsoleFixture, createConsoleFixture, logIn, TOKEN } from "./testing/fixture.ts";

/** Who may read and change what in the console: sessions, tokens, origins, and what guessing leads to. */
let fixture: ConsoleFixture;
beforeAll(async () => {
  fixture = await createConsoleFixture();
}, 60_000);
afterAll(() => fixture.close());

test("a browser's session: SameSite, unreadable for scripts, for this origin only", async () => {
  const { answer, cookie } = await logIn(fixture);
  expect(answer.status).toBe(303);
  expect(answer.headers.get("location")).toBe("/events");
  expect(answer.headers.get("set-cookie")).toMatch(/HttpOnly.*SameSite=Strict/);
  const replay = (headers: Record<string, string>) =>
    fixture.get("/dead-letters/replay", { method: "POST", body: new URLSearchParams({ letter: "x" }), headers });
  // 400: past the guard, the letter is not one.
  expect((await replay({ cookie, origin: fixture.url })).status).toBe(400);
  expect((await replay({ cookie, origin: "http://evil.example" })).status).toBe(403);
  expect((await replay({ cookie, origin: "null" })).status).toBe(403);
  expect((await replay({ cookie, origin: fixture.url.replace(/\d+$/, "1") })).status).toBe(403);
  expect((await replay({ cookie })).status).toBe(403);
  expect((await replay({ origin: fixture.url })).status).toBe(403);
  const api = (headers: Record<string, string>) =>
    fixture.post("/api/v1/dead-letters/replay", { letters: [] }, headers);
  expect((await api({ cookie, origin: "http://evil.example" })).status).toBe(401);
  expect((await api({ cookie, origin: fixture.url })).status).toBe(400);
  expect((await api({ cookie, origin: fixture.url, authorization: "Bearer wrong" })).status).toBe(401);
});

test("nothing that changes something takes a foreign request, and none takes GET", async () => {
  const { cookie } = await logIn(fixture);
  for (const path of ["/logout", "/dead-letters/replay", "/dead-letters/check"]) {
    for (const headers of [
      { cookie, origin: "http://evil.example" },
      { cookie, "sec-fetch-site": "cross-site" },
      { cookie, "sec-fetch-site": "same-site" },
      { cookie },
    ]) {
      const answer = await fixture.get(path, { method: "POST", body: new URLSearchParams({ letter: "x" }), headers });
      expect([path, answer.status, answer.headers.get("set-cookie")]).toEqual([path, 403, null]);
    }
    const read = await fixture.get(path, { headers: { cookie, origin: fixture.url } });
    expect([path, read.status]).toEqual([path, 404]);
  }
  // A session that was tampered with, or has expired, is none.
  for (const value of [`${cookie}x`, cookie.replace(/=\d/, "=9"), "console_session=1.AAAA"]) {
    const headers = { cookie: value, origin: fixture.url };
    const answer = await fixture.get("/dead-letters/replay", { method: "POST", body: "letter=x", headers });
    expect([value, answer.status]).toEqual([value, 403]);
  }
});

test("a wrong token, a login from elsewhere, and a way out of the site", async () => {
  const post = (fields: Record<string, string>, origin = fixture.url) =>
    fixture.get("/login", { method: "POST", body: new URLSearchParams(fields), headers: { origin } });
  const wrong = await post({ token: `${TOKEN}x` });
  expect([wrong.status, wrong.headers.get("set-cookie")]).toEqual([401, null]);
  expect((await post({ token: TOKEN }, "http://evil.example")).status).toBe(403);
  for (const to of ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]) {
    expect((await post({ token: TOKEN, to })).headers.get("location")).toBe("/");
  }
});

test("a foreign host name is refused while reading is open", async () => {
  expect((await fixture.get("/", { headers: { host: "evil.example" } })).status).toBe(403);
  expect((await fixture.get("/api/v1/events", { headers: { host: "evil.example:8081" } })).status).toBe(403);
  expect((await fixture.get("/", { headers: { host: "localhost:8081" } })).status).toBe(200);
});

test("with token access, pages lead to the login and the API asks for the token", async () => {
  const closed = await createConsoleFixture({ CONSOLE_READ_ACCESS: "token" });
  try {
    const page = await closed.get("/events");
    expect([page.status, page.headers.get("location")]).toEqual([302, "/login?to=%2Fevents"]);
    expect((await closed.get("/api/v1/overview")).status).toBe(401);
    expect((await closed.get("/api/v1/events?format=csv")).status).toBe(401);
    expect((await closed.get("/api/v1/overview", { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
    expect((await closed.get("/login")).status).toBe(200);
  } finally {
    await closed.close();
  }
}, 30_000);

test("guessing: after ten wrong tokens 429 with Retry-After, also for the right one; sessions and readers go on", async () => {
  const guessed = await createConsoleFixture();
  try {
    const read = (token: string) =>
      guessed.get("/api/v1/alerts?limit=1", { headers: { authorization: `Bearer ${token}` } });
    const login = (token: string) =>
      guessed.get("/login", {
        method: "POST",
        body: new URLSearchParams({ token }),
        headers: { origin: guessed.url },
      });
    const cookie = ((await login(TOKEN)).headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) {
      statuses.push((await read(`${TOKEN}${n}`)).status, (await login(`${TOKEN}${n}`)).status);
    }
    expect(new Set(statuses)).toEqual(new Set([401]));
    for (const refused of [await read(TOKEN), await login(TOKEN), await read("x")]) {
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    expect((await guessed.get("/api/v1/alerts?limit=1")).status).toBe(200);
    const replay = { method: "POST", body: new URLSearchParams({ letter: "x" }) };
    const session = { ...replay, headers: { cookie, origin: guessed.url } };
    // 400: past the guard, the letter is not one.
    expect((await guessed.get("/dead-letters/replay", session)).status).toBe(400);
  } finally {
    await guessed.close();
  }
}, 60_000);

test("what is too large is refused before it is read", async () => {
  const body = { letters: [], edited: "x".repeat(4 * 1024 * 1024) };
  const answer = await fixture.post("/api/v1/dead-letters/replay", body, { authorization: `Bearer ${TOKEN}` });
  expect(answer.status).toBe(413);
});
