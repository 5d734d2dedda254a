import type { CheckedFile } from "./checked-file.ts";

/** What the format has words for and this version does not do: refused, so that nothing is passed over in silence. */
export function checkNotYet({ document, report }: CheckedFile): void {
  const { envelope = {}, unknown_types: unknown } = document;
  if (unknown === "accept")
    report(
      ["unknown_types"],
      "NOT_YET",
      "types that are not declared cannot be counted yet",
      "declare each type: {} accepts any data",
    );
  const { preset = "countinghouse", ...attributes } = envelope;
  if (preset !== "countinghouse")
    report(
      ["envelope", "preset"],
      "NOT_YET",
      `the preset ${preset} is not read yet`,
      "send events in the envelope of preset countinghouse",
    );
  for (const name of Object.keys(attributes))
    report(
      ["envelope", name],
      "NOT_YET",
      "attributes are found where preset countinghouse has them, for now",
      "remove it, and send the fields of preset countinghouse",
      { key: true },
    );
}
