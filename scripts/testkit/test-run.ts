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

/** Lines of a failure's message that are shown again at the end of a run. */
const MESSAGE_LINES = 14;

/** The failed tests in a JUnit report: `file: name`, followed by the head of the message, indented. */
export function junitFailures(xml: string): string[] {
  const cases = xml.matchAll(/<testcase\b([^>]*[^/])>\s*<(?:failure|error)\b([^>]*)>/g);
  return [...cases].map(([, test = "", failure = ""]) => {
    const name = [attributeOf(test, "classname"), attributeOf(test, "name")].filter((part) => part !== "").join(" > ");
    const lines = attributeOf(failure, "message").split("\n").slice(0, MESSAGE_LINES);
    return [`${attributeOf(test, "file")}: ${name}`, ...lines.map((line) => `    ${line}`)].join("\n");
  });
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&", "#10": "\n" };

function attributeOf(tag: string, name: string): string {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "";
  return value.replace(/&(lt|gt|quot|apos|amp|#10);/g, (entity, key: string) => ENTITIES[key] ?? entity);
}

/** Adds up runs: the number of failures and the line `N passed, N failed[, N skipped]`. */
export function summary(runs: readonly Counts[]): { failed: number; line: string } {
  const sum = (pick: (counts: Counts) => number) => runs.reduce((total, counts) => total + pick(counts), 0);
  const failed = sum((counts) => counts.failed);
  const skipped = sum((counts) => counts.skipped);
  const line = `${sum((counts) => counts.passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  return { failed, line };
}
