import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");

/** One planted defect in a source file: `find` must be there exactly once. */
export type Patch = {
  /** Path relative to the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
};

/** The text that a patch replaces is gone, or there more than once: the patch no longer plants what it says. */
export class AnchorError extends Error {
  readonly code = "mutation_anchor";
  readonly retry = false;
}

/** A copy of the sources outside the repository, with defects; workers and tests run from it. */
export type SourceTree = {
  readonly dir: string;
  remove(): void;
};

/** Copied, so that a patched file is the one its importers get: a linked one would resolve to the original. */
const COPIED = ["workers", "scripts", "contract"];
const LINKED = ["node_modules", "docs", "k8s", ".tools", "package.json", "tsconfig.json", "bunfig.toml"];

/** The text with the patch. @throws AnchorError */
export function applyPatch(text: string, { file, find, replace }: Patch): string {
  const found = text.split(find).length - 1;
  if (found === 1) return text.replace(find, () => replace);
  throw new AnchorError(`${file}: the text to replace is there ${found} times, not once:\n${find}`);
}

/** Copies the sources and applies the patches; some 200 ms. @throws AnchorError */
export function createSourceTree(patches: readonly Patch[]): SourceTree {
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-mutant-"));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  try {
    for (const name of COPIED) cpSync(join(ROOT, name), join(dir, name), { recursive: true });
    for (const name of LINKED) symlinkSync(join(ROOT, name), join(dir, name));
    for (const patch of patches) {
      const file = join(dir, patch.file);
      writeFileSync(file, applyPatch(readFileSync(file, "utf8"), patch));
    }
    return { dir, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
