import type { CheckerMutant, SuiteTest } from "../mutant.ts";

/** Defects of the checkers themselves: a proof that does not look must not pass its own tests. */

const test = (file: string, name?: string): SuiteTest[] => [
  { file: `workers/ops/${file}`, ...(name === undefined ? {} : { name }) },
];
const COMPARE = "workers/ops/verify/compare.ts";
const BUCKET = "workers/ops/audit/compare-bucket.ts";
const BUCKET_TEST = test("audit/compare-bucket.test.ts");

export const CHECKER_MUTANTS: readonly CheckerMutant[] = [
  {
    name: "verify-checksum-blind",
    defect: "verify compares counts only",
    patches: [
      {
        file: COMPARE,
        find: "a.events === b.events && a.checksum === b.checksum;",
        replace: "a.events === b.events;",
      },
    ],
    suite: test("verify/compare.test.ts"),
  },
  {
    name: "verify-money-blind",
    defect: "verify does not compare money",
    patches: [
      {
        file: COMPARE,
        find: "sameCount(a, b) && a.money === b.money && a.control",
        replace: "sameCount(a, b) && a.control",
      },
    ],
    suite: test("verify/compare.test.ts"),
  },
  {
    name: "verify-control-blind",
    defect: "verify does not compare currencies, bytes and late events",
    patches: [{ file: COMPARE, find: " && a.control === b.control;", replace: ";" }],
    suite: test("verify/compare.test.ts"),
  },
  {
    name: "verify-stale-blind",
    defect: "verify takes minutes beyond the retention for proven whatever arrived",
    patches: [
      { file: "workers/ops/verify/report.ts", find: "open > 0 || report.stale !== undefined", replace: "open > 0" },
    ],
    suite: test("verify/report.test.ts"),
  },
  {
    name: "verify-surplus-blind",
    defect: "verify explains any surplus by unknown sends",
    patches: [
      {
        file: COMPARE,
        find: 'surplus <= part.unknown ? "unknown_sends" : "different"',
        replace: '"unknown_sends"',
      },
    ],
    suite: test("verify/compare.test.ts"),
  },
  {
    name: "verify-hours-blind",
    defect: "verify never compares an hour",
    patches: [
      {
        file: "workers/ops/verify/compare-pass.ts",
        find: "if (hour < hours.from || hour >= hours.to) return false;",
        replace: "return false;",
      },
    ],
    suite: test("verify/verify.integration.test.ts", "row of events_per_hour_store"),
  },
  {
    name: "verify-offsets-blind",
    defect: "verify takes every offset for accounted for",
    patches: [
      {
        file: "workers/ops/verify/accounting.ts",
        find: "if (account.missing > 0) {",
        replace: "if (account.missing > 1e9) {",
      },
    ],
    suite: test("verify/verify.integration.test.ts", "committed but never stored"),
  },
  {
    name: "verify-settles-all",
    defect: "verify takes every difference for motion",
    patches: [
      {
        file: "workers/ops/verify/settle.ts",
        find: 'return "settled";',
        replace: 'return "moving";',
      },
    ],
    suite: test("verify/settle.test.ts"),
  },
  {
    name: "verify-patient",
    defect: "verify says EXACT while consumers are behind",
    patches: [
      {
        file: "workers/ops/verify/report.ts",
        find: "report.unproven.length + report.unsettled.length + report.behind.length",
        replace: "report.unproven.length + report.unsettled.length",
      },
    ],
    suite: test("verify/report.test.ts"),
  },
  {
    name: "audit-missing-blind",
    defect: "the audit does not report missing events",
    patches: [
      {
        file: BUCKET,
        find: 'else if (copy !== undefined) report(view, deps, "missing"',
        replace: 'else if (copy === -1) report(view, deps, "missing"',
      },
    ],
    suite: BUCKET_TEST,
  },
  {
    name: "audit-surplus-blind",
    defect: "the audit takes what the topic lacks for gone",
    patches: [
      { file: BUCKET, find: 'else if (reach === "newer") totals.newer++;', replace: "else if (reach) totals.newer++;" },
    ],
    suite: BUCKET_TEST,
  },
  {
    name: "audit-copy-blind",
    defect: "the audit accepts any copy",
    patches: [{ file: BUCKET, find: "  if (order !== 0) {\n", replace: "  if (order === 0.5) {\n" }],
    suite: BUCKET_TEST,
  },
  {
    name: "audit-money-blind",
    defect: "the audit does not compare amounts",
    patches: [
      {
        file: BUCKET,
        find: "if (differs(AT.amountE4) || differs(AT.currency)) {",
        replace: "if (differs(AT.currency)) {",
      },
    ],
    suite: BUCKET_TEST,
  },
  {
    name: "audit-content-blind",
    defect: "the audit does not compare contents",
    patches: [{ file: BUCKET, find: "if (differs(AT.content)) {", replace: "if (differs(AT.side)) {" }],
    suite: BUCKET_TEST,
  },
  {
    name: "audit-resolves-all",
    defect: "the audit takes every missing event for a resolved conflict",
    patches: [
      {
        file: BUCKET,
        find: "else if (deps.isResolved(",
        replace: "else if (deps.isResolved !== undefined || deps.isResolved(",
      },
    ],
    suite: BUCKET_TEST,
  },
  {
    name: "audit-letters-blind",
    defect: "the audit does not look for missing dead letters",
    patches: [
      {
        file: "workers/ops/audit/dead-letters.ts",
        find: "of input.verdicts.missingLetters()) {",
        replace: "of [...input.verdicts.missingLetters()].slice(0, 0)) {",
      },
    ],
    suite: test("audit/audit.integration.test.ts", "dead letters that are missing"),
  },
  {
    name: "audit-lenient",
    defect: "the audit judges like a consumer that takes anything in the future",
    patches: [
      {
        file: "workers/ops/audit/contract.ts",
        find: 'if (event.timeMs > appendTimeMs + limits.maxFutureMs) return refused("in_future");',
        replace: "",
      },
    ],
    suite: test("audit/contract.test.ts"),
  },
  {
    name: "hidden-blind",
    defect: "what an open transaction hides is not looked at",
    patches: [
      {
        file: "workers/ops/verify/hidden.ts",
        find: "return { ranges, hidden };",
        replace: "return { ranges, hidden: [] };",
      },
    ],
    suite: test("verify/transactions.integration.test.ts", "what an open transaction hides"),
  },
  {
    name: "markers-lost",
    defect: "offsets of markers and aborted messages count as losses",
    patches: [
      {
        file: "workers/ops/verify/explain-missing.ts",
        find: 'if (kind === "transaction" || kind === "compacted")',
        replace: 'if (kind === "compacted")',
      },
    ],
    suite: test("verify/transactions.integration.test.ts", "what an open transaction hides"),
  },
  {
    name: "letters-bounded-early",
    defect: "the end of the topic is not asked for again after the last dead letter was read",
    patches: [
      {
        file: "workers/ops/audit/dead-letters.ts",
        find: "    if (offset < (ends.get(partition) ?? 0)) continue;\n",
        replace: "    if (ends.size === 0) continue;\n",
      },
    ],
    suite: test("verify/interleaved.integration.test.ts", "audit: whatever happens.*right"),
  },
  {
    name: "decoder-drops-last",
    defect: "the last record of what is fetched is dropped where the proofs read the log",
    patches: [
      {
        file: "workers/shared/kafka/fetched-records.ts",
        find: "else messages.push(record);",
        replace: "else if (record !== records.at(-1)) messages.push(record);",
      },
    ],
    suite: [{ file: "workers/shared/kafka/fetched-records.test.ts", name: "every record of a batch" }],
  },
  {
    name: "truncation-blind",
    defect: "verify does not look whether the topic still holds what producers saw acknowledged",
    patches: [
      {
        file: "workers/ops/verify/instances.ts",
        find: "last >= (ends.get(partition) ?? 0)",
        replace: "last < 0",
      },
    ],
    suite: test("verify/instances.test.ts"),
  },
  {
    name: "relayed-blind",
    defect: "what was not seen at the end of a partition does not keep verify from saying EXACT",
    patches: [
      {
        file: "workers/ops/verify/report.ts",
        find: "return [...describeHidden(hidden), ...compacted, ...truncated];",
        replace: "return [...describeHidden(hidden), ...compacted, ...truncated.slice(0, 0)];",
      },
    ],
    suite: test("verify/report.test.ts"),
  },
];
