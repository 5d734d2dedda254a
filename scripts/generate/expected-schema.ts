/**
 * Writes workers/shared/clickhouse/schema/expected.json: what the migrations create on a real engine, which is what
 * workers and `ops doctor` compare a store with. A test fails while the file differs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "../testkit/database.ts";
import { temporaryEngine } from "../testkit/engine/engine.ts";
import { describeSchema } from "./schema-description.ts";

const ROOT = join(import.meta.dir, "../..");
const PATH = "workers/shared/clickhouse/schema/expected.json";

const dir = mkdtempSync(join(tmpdir(), "countinghouse-schema-"));
const engine = await temporaryEngine(dir);
try {
  await engine.start();
  const { user, password } = engine.options;
  const { clickhouse, drop } = await createTestDatabase({ url: engine.url, user, password });
  const text = `${JSON.stringify(await describeSchema(clickhouse), null, 2)}\n`;
  await drop();
  const before = await Bun.file(join(ROOT, PATH)).text();
  if (text !== before) {
    await Bun.write(join(ROOT, PATH), text);
    console.log(`wrote ${PATH}`);
  }
} finally {
  await engine.kill();
  rmSync(dir, { recursive: true, force: true });
}
