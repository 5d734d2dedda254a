/** What a part of the fuzzing found. Figures are shown in the table at the end. */
export type PartResult = {
  readonly part: string;
  readonly cases: number;
  readonly seconds: number;
  /** What happened to the cases, by name. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** One line for each violation; empty when all is well. */
  readonly failures: readonly string[];
};

/** How a part is run: replayable by seed and number of cases. `log` takes lines for people. */
export type FuzzOptions = { readonly seed: number; readonly cases: number; readonly log: (line: string) => void };

/** Failures beyond this many say nothing new. */
export const MAX_FAILURES = 10;

/** Counts by name. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** By name, in alphabetical order. */
  get figures(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }

  toString(): string {
    return Object.entries(this.figures)
      .map(([name, count]) => `${name} ${count.toLocaleString("en")}`)
      .join(", ");
  }
}

/** Bytes for a person, cut off; what cannot be printed as an escape. */
export function show(bytes: Buffer | null, length = 300): string {
  if (bytes === null) return "null";
  const text = JSON.stringify(bytes.subarray(0, length).toString("latin1"));
  return bytes.length > length ? `${text}… (${bytes.length} bytes)` : text;
}
