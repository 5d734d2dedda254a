/**
 * Writes contract/format.schema.json, by which editors complete and check the files of a contract, from the shape that workers
 * read them by; `--check` compares only.
 */
import { formatSchema } from "../../workers/shared/contract/format.ts";
import { writeOrCheck } from "./drift.ts";

process.exitCode = await writeOrCheck({
  "contract/format.schema.json": `${JSON.stringify(formatSchema(), null, 2)}\n`,
});
