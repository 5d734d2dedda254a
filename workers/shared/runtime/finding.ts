import { AppError } from "./errors.ts";

/** Something that is not as it should be. Judging functions answer a list of these; none means that all is right. */
export type Finding = {
  /** Stable identifier, e.g. `COLUMN_TYPE`. */
  readonly code: string;
  /** `wrong`: figures become wrong, or work stops. `warning`: neither, but somebody should know. */
  readonly severity: "wrong" | "warning";
  /** What was found, where. */
  readonly found: string;
  /** What to do about it. */
  readonly next: string;
};

/** @throws AppError with the words of the first finding that is wrong, retry false: a person has to fix it. */
export function refuseIfWrong(findings: readonly Finding[]): void {
  const [first, ...others] = findings.filter(({ severity }) => severity === "wrong");
  if (first === undefined) return;
  const more = others.length === 0 ? "" : ` (and ${others.length} more; \`ops doctor\` lists them)`;
  throw new AppError(first.code, first.found + more, { retry: false, next: first.next });
}
