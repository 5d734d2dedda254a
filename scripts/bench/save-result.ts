import { join } from "node:path";

/** Writes what a measurement found to `bench/results/NAME.json`. */
export async function saveResult(name: string, result: unknown): Promise<void> {
  await Bun.write(join(import.meta.dir, "../../bench/results", `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}
