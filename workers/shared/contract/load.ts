import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../runtime/errors.ts";
import { checkContract } from "./check/check.ts";
import { compileContract } from "./compile.ts";
import type { Contract } from "./contract.ts";
import type { Mistake } from "./mistake.ts";
import { type ContractFile, SHIPPED_FILES } from "./shipped.ts";

/** A contract ready for use, or all that is wrong with its files. */
export type Loaded =
  | { readonly ok: true; readonly contract: Contract }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/** Checks and compiles the files of a contract. */
export function loadContract(files: readonly ContractFile[]): Loaded {
  const checked = checkContract(files);
  return checked.ok ? { ok: true, contract: compileContract(checked.documents) } : checked;
}

/** The files of a contract, or why they cannot be read. */
export type ReadFiles =
  | { readonly ok: true; readonly files: readonly ContractFile[] }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/**
 * The `.yaml` files of a folder by name, or those that are shipped. Other files and folders in it are left alone, so that a
 * mounted ConfigMap, a README or an editor's backup do no harm.
 */
export function readContractDir(dir: string | undefined): ReadFiles {
  if (dir === undefined) return { ok: true, files: SHIPPED_FILES };
  let all: string[];
  try {
    all = readdirSync(dir).filter((name) => !name.startsWith("."));
  } catch (error) {
    return { ok: false, mistakes: [unreadable(".", errorMessage(error), `check that the folder ${dir} is there`)] };
  }
  const mistakes = all
    .filter((name) => name.endsWith(".yml"))
    .map((name) => unreadable(name, "is not read: files of a contract end with .yaml", "rename or remove it"));
  const names = all.filter((name) => name.endsWith(".yaml"));
  const files = names.toSorted().flatMap((name) => {
    try {
      return [{ name, text: decoder.decode(readFileSync(join(dir, name))) }];
    } catch (error) {
      const isText = error instanceof TypeError;
      const next = isText ? "save it as UTF-8" : "check that it is a file this user may read";
      mistakes.push(unreadable(name, isText ? "is not UTF-8" : errorMessage(error), next));
      return [];
    }
  });
  return mistakes.length > 0 ? { ok: false, mistakes } : { ok: true, files };
}

/** A byte order mark is kept, so that it is named. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function unreadable(file: string, message: string, next: string): Mistake {
  return { file, line: 1, column: 1, path: "", code: "UNREADABLE", message, next };
}
