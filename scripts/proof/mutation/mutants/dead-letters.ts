import { PARTITIONS } from "../load.ts";
import type { Mutant, SuiteTest } from "../mutant.ts";
import { isTarget } from "./consumer.ts";

const LETTERS = "workers/consumer/dead-letter-writer.ts";
const BAD_INPUT: SuiteTest = { file: "workers/consumer/bad-input.integration.test.ts", name: "every class of bad" };

/** Defects of what is done with refused messages. */
export const DEAD_LETTER_MUTANTS: readonly Mutant[] = [
  {
    name: "letter-skipped",
    defect: "a dead letter is dropped and its offset committed",
    patches: [
      {
        file: "workers/consumer/flush.ts",
        find: "      if (letters.length > 0) await",
        replace:
          '      const planted = letters.findIndex(({ errorClass }) => errorClass === "malformed_json");\n      if (planted >= 0) letters.splice(planted, 1);\n      if (letters.length > 0) await',
      },
    ],
    verify: { exit: 1, figures: { offsets_missing: 1 } },
    audit: { exit: 1, figures: { letters: 1 } },
    suite: [BAD_INPUT],
    ci: true,
  },
  {
    name: "letter-bytes",
    defect: "a dead letter is stored with other bytes",
    patches: [
      {
        file: LETTERS,
        find: "  const payload = record.value ?? EMPTY;",
        replace:
          '  const payload = String(record.value).startsWith("not") ? Buffer.from("another") : (record.value ?? EMPTY);',
      },
    ],
    verify: { exit: 0 },
    audit: { exit: 1, figures: { letters: 1 } },
    note: "verify counts letters",
  },
  {
    name: "letter-bytes-true-hash",
    defect: "as before, beside the hash of the right bytes",
    patches: [
      {
        file: LETTERS,
        find: "    payload,\n    headersJson",
        replace: '    payload: String(payload).startsWith("not") ? Buffer.from("another") : payload,\n    headersJson',
      },
    ],
    verify: { exit: 0 },
    audit: { exit: 1, figures: { letters: 2 } },
    note: "verify counts letters",
  },
  {
    name: "letter-class",
    defect: "a dead letter gets a wrong class",
    patches: [
      {
        file: LETTERS,
        find: "    errorClass,\n    reason,\n    key:",
        replace: '    errorClass: errorClass === "malformed_json" ? "schema" : errorClass,\n    reason,\n    key:',
      },
    ],
    verify: { exit: 0 },
    audit: { exit: 1, figures: { letters: 1 } },
    suite: [BAD_INPUT],
    note: "verify counts letters",
  },
  {
    name: "letter-not-published",
    defect: "a dead letter is stored but not sent to the dead-letter topic",
    patches: [
      {
        file: LETTERS,
        find: "      const entries = portion.map(",
        replace: '      const entries = portion.filter(({ errorClass }) => errorClass !== "malformed_json").map(',
      },
    ],
    verify: { exit: 0 },
    audit: { exit: 0 },
    suite: [BAD_INPUT],
    note: "both look at the letters of the store",
  },
  {
    name: "invalid-stored",
    defect: "an event beyond the age limit is stored",
    patches: [
      {
        file: "workers/consumer/worker.ts",
        find: "config.EVENT_MAX_AGE_DAYS * 86_400_000",
        replace: "config.EVENT_MAX_AGE_DAYS * 3 * 86_400_000",
      },
    ],
    verify: { exit: 0 },
    audit: { exit: 1, figures: { surplus: 1, letters: 1 } },
    suite: [BAD_INPUT],
    note: "verify does not judge messages",
  },
  {
    name: "stored-and-refused",
    defect: "an event is stored and a dead letter as well",
    patches: [
      {
        file: "workers/consumer/event-batch.ts",
        find: "      if (refused === undefined) continue;\n",
        replace: `      if (refused === undefined && ${isTarget}) {
        this.letters.push({ record, partition, errorClass: "schema", reason: "planted" });
      }
      if (refused === undefined) continue;
`,
      },
    ],
    verify: { exit: 1, figures: { offsets_both: PARTITIONS } },
    audit: { exit: 1, figures: { letters: PARTITIONS } },
    ci: true,
  },
];
