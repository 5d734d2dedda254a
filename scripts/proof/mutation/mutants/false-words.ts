import type { CheckerMutant, SuiteTest } from "../mutant.ts";

/** Defects by which something would be said that is not so: by verify, the console, a consumer's health or `ops skip`. */

const TOPIC_TIME = "workers/shared/kafka/topic-time.ts";
const GROUP_MEMBERS = "workers/shared/kafka/group-members.ts";
const REFUSED_START = "workers/consumer/refused-start.integration.test.ts";
const SHARED_GROUP = "workers/consumer/shared-group.integration.test.ts";
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
        find: "forMs >= STUCK_AFTER_MS ? forMs",
        replace: "forMs >= 1e9 ? forMs",
      },
    ],
    suite: suite("workers/console/data/progress.test.ts"),
  },
];
