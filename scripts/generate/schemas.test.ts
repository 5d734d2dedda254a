import { expect, test } from "bun:test";
import { join } from "node:path";

test("--check finds the published schemas up to date", async () => {
  const check = Bun.spawn([process.execPath, join(import.meta.dir, "schemas.ts"), "--check"], { stderr: "pipe" });
  expect(await new Response(check.stderr).text()).toBe("");
  expect(await check.exited).toBe(0);
});
