import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { ClickHouseError } from "../../shared/clickhouse/errors.ts";
import { loadConfig } from "../../shared/runtime/config.ts";
import { compareHour } from "./compare.ts";
import { lakeConfigSchema, parseLakeUrl } from "./config.ts";
import { credentialSource } from "./credentials.ts";
import { LakeStorageError, redact, toLakeError } from "./errors.ts";
import { datePrefix, hourPrefix, objectKey, parseKey } from "./layout.ts";
import { hourRange } from "./services.ts";
import type { FileFacts } from "./store.ts";

const HOUR_S = Date.parse("2026-05-01T07:00:00Z") / 1000;

test("keys: one name per hour and source, and back", () => {
  expect(objectKey(HOUR_S, "web")).toBe("events/date=2026-05-01/hour=07/source=web/events.parquet");
  expect(datePrefix(HOUR_S + 59)).toBe("events/date=2026-05-01/");
  expect(hourPrefix(HOUR_S)).toBe("events/date=2026-05-01/hour=07/");
  const hours = fc.integer({ min: 0, max: 1_193_000 }).map((hour) => hour * 3600);
  fc.assert(
    fc.property(hours, fc.constantFrom("web", "lottery", "a-b_1"), (hourS, source) => {
      expect(parseKey(objectKey(hourS, source))).toEqual({ hourS, source });
    }),
  );
  for (const foreign of [
    "events/date=2026-02-30/hour=07/source=web/events.parquet",
    "events/date=2026-05-01/hour=24/source=web/events.parquet",
    "events/date=2026-05-01/hour=07/source=web/other.parquet",
    "events/date=2026-05-01/hour=07/events.parquet",
    "events/date=2026-05-01/hour=07/source=Web/events.parquet",
    "x/events/date=2026-05-01/hour=07/source=web/events.parquet",
  ]) {
    expect(parseKey(foreign)).toBeUndefined();
  }
});

test("the lake's address", () => {
  expect(parseLakeUrl("s3://bucket")).toEqual({ kind: "s3", bucket: "bucket", prefix: "" });
  expect(parseLakeUrl("s3://bucket/a/b/")).toEqual({ kind: "s3", bucket: "bucket", prefix: "a/b/" });
  expect(parseLakeUrl("file:///var/lake")).toEqual({ kind: "file", dir: "/var/lake/" });
  for (const bad of [
    "",
    "bucket",
    "s3://",
    "s3://B",
    "s3://bucket/a*b",
    "s3://bucket/{x}",
    "file://rel",
    "file:///a/../b",
  ]) {
    expect({ bad, parsed: parseLakeUrl(bad) }).toEqual({ bad, parsed: undefined });
  }
});

test("a range covers whole hours", () => {
  expect(hourRange(HOUR_S * 1000 + 1, HOUR_S * 1000 + 3_600_001)).toEqual({ fromS: HOUR_S, toS: HOUR_S + 7200 });
  expect(hourRange(undefined, undefined).fromS).toBe(0);
});

test("errors carry no secret, and everything from the bucket may be tried again", () => {
  const error = new ClickHouseError("CLICKHOUSE_499", "refused a/b+c= and a%2Fb%2Bc%3D", {
    retry: false,
    serverCode: 499,
  });
  const converted = toLakeError(error, ["a/b+c=", ""]);
  expect(converted).toBeInstanceOf(LakeStorageError);
  expect(String(converted)).not.toMatch(/a\/b|a%2F/);
  expect((converted as LakeStorageError).retry).toBe(true);
  expect(redact("nothing here", ["", "x y"])).toBe("nothing here");
});

test("credentials: environment first, then roles; temporary ones are renewed in time", async () => {
  const load = (env: Record<string, string>) => loadConfig(lakeConfigSchema, { LAKE_URL: "s3://bucket", ...env });
  let nowMs = Date.parse("2026-05-01T00:00:00Z");
  const clock = { now: () => nowMs };
  const fixed = credentialSource(load({ AWS_ACCESS_KEY_ID: "k", AWS_SECRET_ACCESS_KEY: "s" }), clock);
  expect(await fixed()).toEqual({ accessKeyId: "k", secretAccessKey: "s" });
  expect(() => credentialSource(load({}), clock)).toThrow("No credentials");

  const asked: string[] = [];
  const service = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      asked.push(request.method === "POST" ? await request.text() : (request.headers.get("authorization") ?? ""));
      const end = new Date(nowMs + 3_600_000).toISOString();
      return request.method === "POST"
        ? new Response(
            `<R><AccessKeyId>k${asked.length}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${end}</Expiration></R>`,
          )
        : Response.json({ AccessKeyId: "pod", SecretAccessKey: "s", Token: "t", Expiration: end });
    },
  });
  const dir = mkdtempSync(join(tmpdir(), "lake-credentials-"));
  try {
    const token = join(dir, "token");
    writeFileSync(token, "identity\n");
    const url = service.url.href;
    const role = {
      AWS_ROLE_ARN: "arn:aws:iam::1:role/x",
      AWS_WEB_IDENTITY_TOKEN_FILE: token,
      AWS_ENDPOINT_URL_STS: url,
    };
    const assumed = credentialSource(load(role), clock);
    expect(await assumed()).toEqual({ accessKeyId: "k1", secretAccessKey: "s", sessionToken: "t" });
    nowMs += 40 * 60_000;
    expect((await assumed()).accessKeyId).toBe("k1");
    nowMs += 15 * 60_000;
    expect((await assumed()).accessKeyId).toBe("k2");
    expect(asked[0]).toMatch(/WebIdentityToken=identity(&|$)/);

    const pod = { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token };
    expect((await credentialSource(load(pod), clock)()).accessKeyId).toBe("pod");
    expect(asked.at(-1)).toBe("identity");
    await service.stop(true);
    expect(credentialSource(load(pod), clock)()).rejects.toMatchObject({ code: "LAKE_CREDENTIALS", retry: true });
  } finally {
    await service.stop(true);
    rmSync(dir, { recursive: true });
  }
});

test("a difference is pending only where the store moved on after the file was written", () => {
  const file = (fields: Partial<FileFacts>): FileFacts => ({
    hourS: HOUR_S,
    source: "web",
    etag: "e",
    version: 7n,
    events: 10,
    checksum: "1",
    content: "2",
    sizeBytes: 1,
    ...fields,
  });
  const row = { hourS: HOUR_S, source: "web", events: 10, checksum: "1", content: "2" };
  const compare = (version: bigint, fact: FileFacts | undefined, stored = new Map([["web", row]]), unsettled = false) =>
    compareHour(
      HOUR_S,
      {
        hour: { hourS: HOUR_S, version, sources: new Map() },
        stored,
        facts: new Map(fact === undefined ? [] : [["web", fact]]),
        unreadable: new Map(),
        unsettled,
      },
      (source) => source,
    ).map(({ kind, pending }) => `${kind} ${pending}`);
  expect(compare(7n, file({}))).toEqual([]);
  expect(compare(9n, file({}))).toEqual([]);
  expect(compare(7n, file({ events: 9 }))).toEqual(["differs false"]);
  expect(compare(8n, file({ events: 9 }))).toEqual(["differs true"]);
  expect(compare(7n, file({ checksum: "0" }))).toEqual(["differs false"]);
  expect(compare(7n, file({ content: "0" }))).toEqual(["differs false"]);
  expect(compare(7n, undefined)).toEqual(["missing true"]);
  expect(compare(7n, file({}), new Map())).toEqual(["orphan false"]);
  expect(compare(8n, file({}), new Map())).toEqual(["orphan true"]);
  // What the hour has not taken in yet, its version does not tell of.
  expect(compare(7n, file({ events: 9 }), undefined, true)).toEqual(["differs true"]);
  expect(compare(7n, file({}), new Map(), true)).toEqual(["orphan true"]);
  expect(compare(7n, file({}), undefined, true)).toEqual([]);
});
