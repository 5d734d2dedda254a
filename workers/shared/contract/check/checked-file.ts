import type { ContractDocument } from "../document.ts";
import type { DocumentPath, Mistake, MistakeCode } from "../mistake.ts";
import { parseYaml } from "../yaml.ts";
import { checkStructure, type Indexes } from "./structure.ts";

/** Adds a mistake at a place of a file. With `key`, its key is pointed to instead of its value. */
export type Report = (
  path: DocumentPath,
  code: MistakeCode,
  message: string,
  next: string,
  options?: { readonly key?: boolean },
) => void;

/** A file whose shape has been judged: the checks of what it means go through these. */
export type CheckedFile = {
  readonly name: string;
  /** Without the parts that have a wrong shape. */
  readonly document: ContractDocument;
  readonly report: Report;
  /** Where an item of one of the file's lists stands in it. */
  place(list: keyof Indexes, index: number): DocumentPath;
  /** Something at or below this place had a wrong shape and is missing in `document`: what refers to it is not judged. */
  isPartial(path: DocumentPath): boolean;
};

/** Parses a file and judges its shape; undefined when nothing of it can be judged further. */
export function checkFile(
  file: { readonly name: string; readonly text: string },
  mistakes: Mistake[],
): CheckedFile | undefined {
  const parsed = parseYaml(file);
  mistakes.push(...parsed.mistakes);
  if (parsed.value === undefined) return undefined;
  const { value, leftOut, indexes, mistakes: wrong } = checkStructure(parsed);
  mistakes.push(...wrong);
  if (value === undefined) return undefined;
  return {
    name: file.name,
    document: value as ContractDocument,
    report: (path, code, message, next, options) =>
      void mistakes.push(parsed.mistakeAt(path, code, message, next, options)),
    place: (list, index) => [list, indexes[list][index] ?? index],
    isPartial: (path) =>
      leftOut.some((place) => path.every((part, depth) => place.length <= depth || place[depth] === part)),
  };
}
