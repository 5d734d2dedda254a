import type { ContractDocument } from "../document.ts";
import { type Mistake, sortMistakes } from "../mistake.ts";
import { type CheckedFile, checkFile } from "./checked-file.ts";
import { checkColumns, checkColumnsTogether } from "./columns.ts";
import { Declared } from "./declared.ts";
import { checkMetrics } from "./metrics.ts";
import { checkNames } from "./names.ts";
import { checkNotYet } from "./not-yet.ts";
import { checkPayloadSchemas } from "./payload-schemas.ts";
import { checkSources } from "./sources.ts";
import { checkViews } from "./views.ts";

/** The documents of a contract's files in their order, or all that is wrong with all of them. */
export type Checked =
  | { readonly ok: true; readonly documents: readonly ContractDocument[] }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/** Judges the files of a contract, alone and together. */
export function checkContract(files: readonly { readonly name: string; readonly text: string }[]): Checked {
  const mistakes: Mistake[] = [];
  const checked = files.flatMap((file) => checkFile(file, mistakes) ?? []);
  const isWhole = checked.length === files.length;
  if (
    isWhole &&
    !checked.some(
      ({ document, isPartial }) =>
        document.source !== undefined || document.types !== undefined || isPartial(["source"]),
    )
  )
    mistakes.push(noSource(files));
  checkSources(checked);
  if (!mistakes.some(({ code }) => code === "TOO_MANY")) checkMeaning(checked, isWhole);
  if (mistakes.length > 0) return { ok: false, mistakes: sortMistakes(mistakes) };
  return { ok: true, documents: checked.map(({ document }) => document) };
}

function checkMeaning(files: readonly CheckedFile[], isWhole: boolean): void {
  for (const file of files) {
    checkNotYet(file);
    checkNames(file);
    checkPayloadSchemas(file);
    checkColumns(file);
  }
  checkColumnsTogether(files);
  const declared = new Declared(files, isWhole);
  checkMetrics(files, declared);
  checkViews(files, declared);
}

function noSource(files: readonly { readonly name: string }[]): Mistake {
  return {
    file: files[0]?.name ?? ".",
    line: 1,
    column: 1,
    path: "",
    code: "EMPTY",
    message: files.length === 0 ? "no file ends with .yaml" : "no file declares a source",
    next: "add a file with source: NAME and its types; docs/contract.md has an example",
  };
}
