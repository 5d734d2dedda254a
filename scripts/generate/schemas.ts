/**
 * Writes the JSON Schemas of the event contract to docs/schemas. With `--check` it writes nothing and exits 1 if a file
 * differs from what it would write.
 */
import { join } from "node:path";
import { buildJsonSchemas } from "./json-schema.ts";

const folder = join(import.meta.dir, "../../docs/schemas");
const check = process.argv.includes("--check");
let drifted = 0;

for (const [name, schema] of Object.entries(buildJsonSchemas())) {
  const path = join(folder, name);
  const wanted = `${JSON.stringify(schema, null, 2)}\n`;
  const file = Bun.file(path);
  const same = (await file.exists()) && (await file.text()) === wanted;
  if (same) continue;
  if (check) {
    drifted++;
    console.error(`docs/schemas/${name} differs from the zod schemas; run: bun scripts/generate/schemas.ts`);
  } else {
    await Bun.write(path, wanted);
    console.log(`wrote docs/schemas/${name}`);
  }
}
process.exitCode = drifted > 0 ? 1 : 0;
