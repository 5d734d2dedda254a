import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/**
 * Writes generated files (path from the repository's root → text) or, with `--check` on the command line, only compares
 * them. Answers the process's exit code: 1 when a check found a difference.
 */
export async function writeOrCheck(files: Readonly<Record<string, string>>): Promise<0 | 1> {
  const check = process.argv.includes("--check");
  let drifted = 0;
  for (const [path, wanted] of Object.entries(files)) {
    const file = Bun.file(join(ROOT, path));
    if ((await file.exists()) && (await file.text()) === wanted) continue;
    if (check) {
      drifted++;
      console.error(`${path} differs from what it is generated from; run: make generate`);
    } else {
      await Bun.write(file, wanted);
      console.log(`wrote ${path}`);
    }
  }
  return drifted > 0 ? 1 : 0;
}
