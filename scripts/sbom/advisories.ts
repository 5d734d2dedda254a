import { z } from "zod";

/** A known weakness of a package. */
export interface Advisory {
  readonly package: string;
  readonly severity: string;
  readonly title: string;
  readonly url: string;
  /** True: the package is part of the compiled workers. */
  readonly inProduct: boolean;
}

const answerSchema = z.record(
  z.string(),
  z.array(z.object({ severity: z.string(), title: z.string(), url: z.string() })),
);

/** Severities that must not stay in a package that is only used to build and test. */
const SEVERE = new Set(["high", "critical"]);

/**
 * Reads what `bun audit --json` printed; undefined when it is no answer of the registry (unreachable, or one that knows
 * no advisories), which proves nothing.
 */
export function readAdvisories(output: string, product: ReadonlySet<string>): Advisory[] | undefined {
  const start = output.indexOf("{");
  let json: unknown;
  try {
    json = JSON.parse(output.slice(Math.max(0, start)));
  } catch {
    return undefined;
  }
  const answer = answerSchema.safeParse(json);
  if (start < 0 || !answer.success) return undefined;
  return Object.entries(answer.data).flatMap(([name, advisories]) =>
    advisories.map((one) => ({ package: name, ...one, inProduct: product.has(name) })),
  );
}

/** Whether it must be dealt with before a release: any in the product, severe ones elsewhere. */
export function isBlocking({ inProduct, severity }: Advisory): boolean {
  return inProduct || SEVERE.has(severity);
}
