/** `ops lake` on S3 as the ClickHouse user that is shipped for it; another user of the pipeline may not reach a bucket. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOpsFixture } from "../../workers/ops/testing/fixture.ts";
import { startWorker } from "../testkit/index.ts";
import { storeDay } from "../testkit/roles/figures.ts";
import { RoleStore } from "../testkit/roles/role-store.ts";
import { Gateway } from "./gateway.ts";
import { DAY_MS, settle } from "./harness.ts";
import { GATEWAY } from "./tools.ts";

const isMissing = !existsSync(GATEWAY);
if (isMissing) console.error("SKIPPED: needs versitygw; run `bun scripts/lake/tools.ts`");

describe.skipIf(isMissing)("the lake on S3, as a role", () => {
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-lake-roles-"));
  let store: RoleStore;
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start(dir);
    store = await RoleStore.create();
    await store.migrate();
    await store.as("insert");
    await storeDay(store.client(), Math.floor(Date.now() / DAY_MS) * DAY_MS - 5 * DAY_MS);
    await store.as("operate");
    await settle(store.client());
  }, 120_000);
  afterAll(async () => {
    await store?.remove();
    await gateway?.kill();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  const lake = async (command: string) => {
    const env = { ...store.env, ...gateway.env("roles") };
    const worker = startWorker({ binary: "ops", args: ["lake", command], env });
    const code = await worker.exited;
    return { code, text: worker.text };
  };
  const objects = async () =>
    ((await gateway.client().list({ prefix: "roles/" })).contents ?? []).map(({ key }) => key);

  test("a role that may not is refused, and nothing is written", async () => {
    const { code, text } = await lake("export");
    expect(code).not.toBe(0);
    expect(text).toContain("privileges");
    expect(text).not.toContain(gateway.secretAccessKey);
    expect(await objects()).toEqual([]);
  }, 60_000);

  test("the lake's own exports every event and verifies the files", async () => {
    await store.as("lake");
    const exported = await lake("export");
    expect(exported).toEqual({ code: 0, text: expect.stringContaining("exported 3 hours: 3 files, 7 events") });
    expect(await objects()).toHaveLength(3);
    expect(await lake("verify")).toEqual({ code: 0, text: expect.stringContaining("EQUAL") });
  }, 60_000);

  test("a lost store is filled again by the role that is made for it; the lake's own may not", async () => {
    const kafka = await createOpsFixture("roles");
    const restore = async () => {
      const env = { ...kafka.env, ...store.env, ...gateway.env("roles") };
      const worker = startWorker({ binary: "ops", args: ["restore", "--from-lake", "--yes", "--retries", "1"], env });
      const code = await worker.exited;
      return { code, text: worker.text };
    };
    try {
      await store.as("migrate");
      await store.client("default").command(`DROP DATABASE ${store.database} SYNC`);
      await store.migrate();
      await store.as("lake");
      expect(await restore()).toEqual({ code: 3, text: expect.stringContaining("privileges") });
      await store.as("restore");
      expect(await restore()).toEqual({
        code: 0,
        text: expect.stringContaining("7 of them put back now, 0 hours left"),
      });
    } finally {
      await kafka.close();
    }
  }, 120_000);
});
