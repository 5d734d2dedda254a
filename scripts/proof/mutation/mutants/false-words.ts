import type { CheckerMutant, SuiteTest } from "../mutant.ts";

/** Defects by which something would be said that is not so: by verify, the console, a consumer's health or `ops skip`. */

const TOPIC_TIME = "workers/shared/kafka/topic-time.ts";
const GROUP_MEMBERS = "workers/shared/kafka/group-members.ts";
const REFUSED_START = "workers/consumer/refused-start.integration.test.ts";
const SHARED_GROUP = "workers/consumer/shared-group.integration.test.ts";
const STANDING = "workers/console/data/standing.ts";
const CONSOLE_TEST = "scripts/e2e/interleaved-console.integration.test.ts";
const COMPACTED_TEST = "workers/ops/verify/compacted.integration.test.ts";
const suite = (file: string, name?: string): SuiteTest[] => [{ file, ...(name === undefined ? {} : { name }) }];

export const FALSE_WORD_MUTANTS: readonly CheckerMutant[] = [
  {
    name: "totals-of-many-cuts",
    defect: "verify adds up minutes that moved between its readings",
    patches: [
      {
        file: "workers/ops/verify/totals.ts",
        find: "return results.filter((key) => !(isHour(key) ? hours : minutes).has(key.bucket));",
        replace: "return results.filter((key) => isHour(key) || !hours.has(-1) || !minutes.has(-1));",
      },
    ],
    suite: suite("workers/ops/verify/render.test.ts", "totals are of one cut"),
  },
  {
    name: "letters-by-client-time",
    defect: "verify leaves out letters whose time a client wrote",
    patches: [
      {
        file: "workers/ops/verify/accounting.ts",
        find: "(stored_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')\n  OR append_time",
        replace: "(append_time",
      },
    ],
    suite: suite("workers/ops/verify/accounting.integration.test.ts", "whatever time a client wrote"),
  },
  {
    name: "letters-never-settled",
    defect: "verify holds an event against a letter that a later reading has settled",
    patches: [
      {
        file: "workers/ops/verify/accounting.ts",
        find: "error_class NOT IN",
        replace: "error_class != '' AND '' NOT IN",
      },
    ],
    suite: suite("workers/ops/verify/accounting.integration.test.ts", "settles a letter"),
  },
  {
    name: "skip-too-far",
    defect: "ops skip moves the group over one message more",
    patches: [{ file: "workers/ops/skip/plan.ts", find: "target: to + 1 };", replace: "target: to + 2 };" }],
    suite: suite("workers/ops/skip/plan.test.ts"),
  },
  {
    name: "client-times-taken",
    defect: "the consumer judges by times that clients wrote",
    patches: [
      { file: TOPIC_TIME, find: "last.timestampType !== LOG_APPEND_TIME", replace: "last.timestampType === -7" },
    ],
    suite: suite(REFUSED_START, "a topic whose times clients write"),
  },
  {
    name: "column-blamed-on-rows",
    defect: "the consumer makes dead letters of events that a changed column refuses",
    patches: [
      {
        file: "workers/shared/clickhouse/errors.ts",
        find: "  469, // VIOLATED_CONSTRAINT\n",
        replace: "  469, // VIOLATED_CONSTRAINT\n  131,\n",
      },
    ],
    suite: suite(REFUSED_START, "a column that has another type"),
  },
  {
    name: "foreign-readers-count",
    defect: "a member that did not ask for the topic counts as its reader",
    patches: [
      {
        file: GROUP_MEMBERS,
        find: "const readers = members.filter(({ topics }) => topics.includes(topic));",
        replace: "const readers = members.filter(({ topics }) => topics.length > 0 || topic === undefined);",
      },
    ],
    suite: suite("workers/shared/kafka/group-watch.integration.test.ts", "a partition is unread"),
  },
  {
    name: "foreign-topics-taken",
    defect: "a member goes on though it was given a topic it did not ask for",
    patches: [
      {
        file: "workers/shared/kafka/group-consumer.ts",
        find: "this.#end(foreignTopicsError(",
        replace: "void (foreignTopicsError(",
      },
    ],
    suite: suite(SHARED_GROUP, "stops and says which setting"),
  },
  {
    name: "lag-of-own-only",
    defect: "a member tells the lag of the partitions it holds and of no others",
    patches: [
      {
        file: "workers/shared/kafka/group-watch.ts",
        find: "    for (const { partition, from, end, stable } of ranges) {\n",
        replace:
          "    for (const { partition, from, end, stable } of ranges) {\n      if (ownCommitted(partition) === undefined) continue;\n",
      },
    ],
    suite: suite(SHARED_GROUP, "lag counts partitions that nobody reads"),
  },
  {
    name: "console-green",
    defect: "the console stays green while messages arrive and none is consumed",
    patches: [
      {
        file: "workers/console/data/progress.ts",
        find: "stuckMs: long && ",
        replace: "stuckMs: forMs >= 1e9 && ",
      },
    ],
    suite: suite("workers/console/data/progress.test.ts"),
  },
  {
    name: "console-hasty",
    defect: "the console calls different what it has read at different moments",
    patches: [
      {
        file: STANDING,
        find: "const sinceMs = stood ? last.sinceMs : nowMs;",
        replace: "const sinceMs = stood ? 0 : 0;",
      },
    ],
    suite: suite(CONSOLE_TEST, "are never called different"),
  },
  {
    name: "console-forgives",
    defect: "the console takes every difference for something on its way",
    patches: [
      {
        file: STANDING,
        find: "for (const row of standing) words",
        replace: "for (const row of standing.slice(0, 0)) words",
      },
    ],
    suite: suite(CONSOLE_TEST, "is different in the end|is different, though nothing"),
  },
  {
    name: "lake-hasty",
    defect: "lake verify calls different what the hour has yet to take in",
    patches: [
      {
        file: "workers/ops/lake/verify.ts",
        find: "unsettled: unsettled.has(hourS),",
        replace: "unsettled: unsettled.has(-1),",
      },
    ],
    suite: suite("workers/ops/lake/interleaved.integration.test.ts", "yet to take in"),
  },
  {
    name: "lake-forgives",
    defect: "lake verify takes every difference for one that waits for its export",
    patches: [
      {
        file: "workers/ops/lake/compare.ts",
        find: "const behind =\n      unsettled ||",
        replace: "const behind = true ||",
      },
    ],
    suite: suite("workers/ops/lake/lake.test.ts"),
  },
  {
    name: "retention-taken-for-loss",
    defect: "verify misses events of a day that has left the retention since it began",
    patches: [
      {
        file: "workers/ops/verify/run.ts",
        find: "Math.max(rawFrom, await readRawHorizon(services.clickhouse))",
        replace: "rawFrom",
      },
    ],
    suite: suite("workers/ops/verify/interleaved.integration.test.ts", "a day that leaves the retention"),
  },
  {
    name: "coordinator-impatient",
    defect: "verify ends with an error while the brokers choose a group's coordinator",
    patches: [
      {
        file: "workers/ops/verify/catch-up.ts",
        find: "if (!isCoordinatorMoving(error) ||",
        replace: "if (isCoordinatorMoving(error) ||",
      },
    ],
    suite: suite("workers/ops/verify/coordinator.integration.test.ts", "asked again while it moves"),
  },
  {
    name: "compaction-taken-for-loss",
    defect: "verify holds a message that compaction has removed for lost",
    patches: [
      {
        file: "workers/ops/verify/explain-missing.ts",
        find: 'if (kind === "transaction" || kind === "compacted")',
        replace: 'if (kind === "transaction")',
      },
    ],
    suite: suite(COMPACTED_TEST),
  },
  {
    name: "compaction-passed",
    defect: "the audit takes a message that compaction has removed for stored",
    patches: [
      {
        file: "workers/ops/audit/run.ts",
        find: "if (stored === gap.to - gap.from) continue;",
        replace: "if (stored >= 0) continue;",
      },
    ],
    suite: suite(COMPACTED_TEST),
  },
  {
    name: "skip-excuses-more",
    defect: "the audits excuse one message more than was given up",
    patches: [{ file: "workers/ops/audit/store-side.ts", find: "offset <= last)", replace: "offset <= last + 1)" }],
    suite: suite("workers/ops/skip/skip.integration.test.ts"),
  },
];
