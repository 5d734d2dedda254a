import type { Mutant, SuiteTest } from "../mutant.ts";

/** Defects of the producer: what it promises against what is in the topic. */

const LEDGER = "workers/producer/ledger/ledger.ts";
const LEDGER_TEST: SuiteTest = { file: "workers/producer/ledger/ledger.test.ts" };
const is50th = "(globalThis.settled = (globalThis.settled ?? 0) + 1) === 50";
const note = "topic and store agree";

export const PRODUCER_MUTANTS: readonly Mutant[] = [
  {
    name: "ledger-over-count",
    defect: "the ledger counts one event twice",
    patches: [
      {
        file: LEDGER,
        find: "    entry.count++;\n",
        replace: `    const more = ${is50th} ? 1 : 0;\n    entry.count += 1 + more;\n    count += more;\n`,
      },
    ],
    verify: { exit: 1, figures: { ledger_missing: 1 } },
    audit: { exit: 0 },
    suite: [LEDGER_TEST],
    note,
  },
  {
    name: "ledger-under-count",
    defect: "the ledger forgets an acknowledged event",
    patches: [
      { file: LEDGER, find: "    entry.count++;\n", replace: `    if (${is50th}) return;\n    entry.count++;\n` },
    ],
    verify: { exit: 1, figures: { ledger_surplus: 1 } },
    audit: { exit: 0 },
    suite: [LEDGER_TEST],
    note,
  },
  {
    name: "ledger-unpublished",
    defect: "the ledger's total has an event that its records lack",
    patches: [
      {
        file: LEDGER,
        find: "    entry.count++;\n",
        replace: `    if (${is50th}) return void count++;\n    entry.count++;\n`,
      },
    ],
    verify: { exit: 1, figures: { ledger_surplus: 1, other: 1 } },
    audit: { exit: 0 },
    suite: [LEDGER_TEST],
    note,
  },
  {
    name: "ledger-wrong-id",
    defect: "the ledger adds up the hash of another id",
    patches: [
      {
        file: LEDGER,
        find: "eventIdHash(eventId));\n    changed",
        replace: `eventIdHash(${is50th} ? eventId.replace(/^./, "0") + "!" : eventId));\n    changed`,
      },
    ],
    verify: { exit: 1, figures: { ledger_altered: 1 } },
    audit: { exit: 0 },
    suite: [LEDGER_TEST],
    note,
  },
  {
    name: "acknowledged-not-sent",
    defect: "the sender reports a message as acknowledged that it never sent",
    patches: [
      {
        file: "workers/shared/kafka/sender.ts",
        // Before the attempts: a partition of which nothing was sent would not be named in the broker's answer, and the
        // sender would try again.
        find: "    let open = batches;\n",
        replace: `    const sent = (message) => {
      if (!String(message.value).includes("user_id")) return true;
      if ((globalThis.sent = (globalThis.sent ?? 0) + 1) !== 50) return true;
      settle([message], "acknowledged");
      return false;
    };
    let open = batches.map((batch) => ({ ...batch, messages: batch.messages.filter(sent) }));
    open = open.filter(({ messages }) => messages.length > 0);
    if (open.length === 0) return;
`,
      },
    ],
    verify: { exit: 1, figures: { ledger_missing: 1 } },
    audit: { exit: 0 },
    note,
    ci: true,
  },
];
