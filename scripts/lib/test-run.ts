/**
 * Kinds of tests, by what they need: nothing, the real broker and engine, those and the compiled binaries; and the
 * selections of `make test-all`, which also need tools from elsewhere: an S3 service and readers, a browser, Prometheus.
 */
export const KINDS = ["unit", "integration", "e2e", "lake", "browser", "alerting"] as const;
export type Kind = (typeof KINDS)[number];

/** What `make test` runs. */
export const CORE_KINDS: readonly Kind[] = ["unit", "integration", "e2e"];

/** How the tests of a run ended. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The kind of a test file, from its name: `x.lake.test.ts` is of kind lake, `x.test.ts` a unit test. */
export function kindOf(file: string): Kind {
  const infix = /\.([a-z0-9]+)\.test\.tsx?$/.exec(file)?.[1];
  return KINDS.find((kind) => kind === infix) ?? "unit";
}

/** The totals in a JUnit report, taken from its root element; all 0 when it has none. */
export function junitCounts(xml: string): Counts {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0] ?? "";
  const attribute = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? 0);
  const failed = attribute("failures") + attribute("errors");
  const skipped = attribute("skipped");
  return { passed: attribute("tests") - failed - skipped, failed, skipped };
}

/** Adds up runs: the number of failures and the line `N passed, N failed[, N skipped]`. */
export function summary(runs: readonly Counts[]): { failed: number; line: string } {
  const sum = (pick: (counts: Counts) => number) => runs.reduce((total, counts) => total + pick(counts), 0);
  const failed = sum((counts) => counts.failed);
  const skipped = sum((counts) => counts.skipped);
  const line = `${sum((counts) => counts.passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  return { failed, line };
}
