import type { Row, Status } from "./check.ts";

const MARK: Readonly<Record<Status, string>> = {
  right: "right",
  wrong: "WRONG",
  warning: "warning",
  unchecked: "UNKNOWN",
  skipped: "-",
};

/** One line a finding, and below what is not right what to do; the last line counts. */
export function renderRows(rows: readonly Row[]): string {
  const checkWidth = Math.max(...rows.map(({ check }) => check.length));
  const lines = rows.flatMap(({ check, status, code, found, next }) => {
    const head = `${MARK[status].padEnd(7)}  ${check.padEnd(checkWidth)}  ${code === "" ? "" : `${code}: `}${found}`;
    return next === "" ? [head] : [head, `${" ".repeat(checkWidth + 11)}next: ${next}`];
  });
  return [...lines, "", verdictOf(rows)].join("\n");
}

function verdictOf(rows: readonly Row[]): string {
  const count = (status: Status) => rows.filter((row) => row.status === status).length;
  const [wrong, warnings, unknown] = [count("wrong"), count("warning"), count("unchecked")];
  if (wrong + warnings + unknown === 0) return `all right: ${count("right")} checks`;
  return `${wrong} wrong, ${warnings} warnings, ${unknown} could not be checked, ${count("right")} right`;
}
