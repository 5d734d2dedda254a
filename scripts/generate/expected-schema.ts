/**
 * Writes what the migrations create on a real engine: workers/shared/clickhouse/schema/expected.json, which workers and
 * `ops doctor` compare a store with, and docs/reference/views.md, the columns for people. A test fails while a file differs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "../testkit/database.ts";
import { temporaryEngine } from "../testkit/engine/engine.ts";
import { writeOrCheck } from "./drift.ts";
import { describeSchema } from "./schema-description.ts";
import { describeColumns, VIEWS_PAGE, viewsPage } from "./view-docs.ts";

const dir = mkdtempSync(join(tmpdir(), "countinghouse-schema-"));
const engine = await temporaryEngine(dir);
try {
  await engine.start();
  const { user, password } = engine.options;
  const { clickhouse, drop } = await createTestDatabase({ url: engine.url, user, password });
  const files = {
    "workers/shared/clickhouse/schema/expected.json": `${JSON.stringify(await describeSchema(clickhouse), null, 2)}\n`,
    [VIEWS_PAGE]: viewsPage(await describeColumns(clickhouse)),
  };
  await drop();
  process.exitCode = await writeOrCheck(files);
} finally {
  await engine.kill();
  rmSync(dir, { recursive: true, force: true });
}
