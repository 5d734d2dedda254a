import { FOREIGN, PARTITIONS, TARGET_OFFSET } from "../load.ts";
import type { Mutant, SuiteTest } from "../mutant.ts";
import type { Patch } from "../source-tree.ts";

/** In the consumer's code: this is the message that the defect meets. */
export const isTarget = `record.offset === ${TARGET_OFFSET}`;
const ROW_BUILDER = "workers/consumer/row-builder.ts";
const FLUSH = "workers/consumer/flush.ts";

/** Changes how one column of the target rows is filled. */
const column = (find: string, replace: string): Patch[] => [{ file: ROW_BUILDER, find, replace }];
/** What happens to the target messages before they are judged. */
const onTarget = (statement: string): Patch[] => [
  {
    file: ROW_BUILDER,
    find: "    const { value } = record;\n",
    replace: `    if (${isTarget}) ${statement}\n    const { value } = record;\n`,
  },
];

const COLUMNS_TEST: SuiteTest = { file: "workers/consumer/row-builder.test.ts", name: "columns filled from bytes" };
const STORED_ONCE: SuiteTest = { file: "workers/consumer/crash.integration.test.ts", name: "received and stored once" };

/** Defects of the consumer: what is read, judged, stored and committed. */
export const CONSUMER_MUTANTS: readonly Mutant[] = [
  {
    name: "row-skipped",
    defect: "the consumer skips a row and commits it",
    patches: onTarget("return undefined;"),
    verify: { exit: 1, figures: { ledger_missing: PARTITIONS, offsets_missing: PARTITIONS } },
    audit: { exit: 1, figures: { missing: PARTITIONS } },
    suite: [STORED_ONCE],
    ci: true,
  },
  {
    name: "commit-before-insert",
    defect: "offsets are committed before the insert, then SIGKILL",
    patches: [
      {
        file: FLUSH,
        find: "      for (const insert of batch.inserts()) {\n",
        replace:
          "      for (const ticket of tickets) ticket.complete();\n      await Bun.sleep(8_000);\n      for (const insert of batch.inserts()) {\n",
      },
    ],
    during: async (scene, consumer) => {
      await scene.untilAnyCommitted();
      await consumer.kill("SIGKILL");
      scene.start("consumer", [], { compiled: true });
    },
    verify: { exit: 1, figures: { ledger_missing: "+", offsets_missing: "+" } },
    // A lost event of which a copy came later is stored by that copy.
    audit: { exit: 1, figures: { missing: "+", wrong_copy: "any" } },
    suite: [{ file: "workers/consumer/crash.integration.test.ts", name: "killed before the insert" }],
    ci: true,
  },
  {
    name: "insert-lost",
    defect: "an insert is taken for acknowledged and was never written",
    patches: [
      {
        file: "workers/consumer/store-writer.ts",
        find: "await clickhouse.insert(table, columns, encoded);",
        replace:
          'if (table !== "events_raw" || globalThis.lostInsert) await clickhouse.insert(table, columns, encoded);\n        else globalThis.lostInsert = true;',
      },
    ],
    verify: { exit: 1, figures: { ledger_missing: "+", offsets_missing: "+" } },
    // A lost event of which a copy came later is stored by that copy.
    audit: { exit: 1, figures: { missing: "+", wrong_copy: "any" } },
    suite: [STORED_ONCE],
  },
  {
    name: "offsets-skipped",
    defect: "reading starts five offsets too far in each partition",
    patches: [
      {
        file: "workers/shared/kafka/group-consumer.ts",
        find: "          this.#seek(partition, start);\n          const tracker = new OffsetTracker(start);",
        replace: `          const skipped = start + (this.#config.compacted || start > 0 ? 0 : 5);
          this.#seek(partition, skipped);
          const tracker = new OffsetTracker(skipped);`,
      },
    ],
    verify: { exit: 1, figures: { ledger_missing: 15, offsets_missing: 15 } },
    audit: { exit: 1, figures: { missing: 15 } },
    suite: [STORED_ONCE],
  },
  {
    name: "partition-unread",
    defect: "one partition is never read",
    patches: [
      {
        file: "workers/shared/kafka/group-consumer.ts",
        find: "void this.#establish(this.#epoch, assigned);",
        replace: "void this.#establish(this.#epoch, assigned.filter((partition) => partition !== 2));",
      },
    ],
    unsettled: true,
    verify: { exit: 3, figures: { behind: "+" } },
    audit: { exit: 3, figures: { behind: "+" } },
    suite: [STORED_ONCE],
  },
  {
    name: "wrong-minute",
    defect: "event times are stored 60 s late",
    patches: column(
      "columns.event_time.push(eventTimeMs);",
      `columns.event_time.push(eventTimeMs + (${isTarget} ? 60_000 : 0));`,
    ),
    verify: { exit: 1, figures: { ledger_missing: PARTITIONS, ledger_surplus: PARTITIONS } },
    audit: { exit: 1, figures: { misplaced: PARTITIONS } },
    suite: [COLUMNS_TEST],
    ci: true,
  },
  {
    name: "wrong-second",
    defect: "event times are stored with another second of the same minute",
    patches: column(
      "columns.event_time.push(eventTimeMs);",
      `columns.event_time.push(${isTarget} ? eventTimeMs - (eventTimeMs % 60_000) + ((eventTimeMs + 1_000) % 60_000) : eventTimeMs);`,
    ),
    verify: { exit: 0 },
    audit: { exit: 1, figures: { time: PARTITIONS } },
    suite: [COLUMNS_TEST],
    note: "verify compares minutes",
  },
  {
    name: "wrong-amount",
    defect: "an amount is stored 0.0001 too high",
    patches: column(
      "columns.amount.push(event.amountE4);",
      `columns.amount.push(event.amountE4 + (event.currencyAt !== 0 && record.offset < 60 ? 1 : 0));`,
    ),
    verify: { exit: 0 },
    audit: { exit: 1, figures: { money: "+" } },
    suite: [COLUMNS_TEST],
    note: "the ledger holds no money",
  },
  {
    name: "wrong-user",
    defect: "a user id is cut short",
    patches: column(
      "columns.user_id.pushBytes(value, event.userAt, event.userEnd);",
      `columns.user_id.pushBytes(value, event.userAt, event.userEnd - (${isTarget} ? 1 : 0));`,
    ),
    verify: { exit: 0 },
    audit: { exit: 1, figures: { identity: PARTITIONS } },
    suite: [COLUMNS_TEST],
    note: "the ledger holds ids, not contents",
  },
  {
    name: "wrong-payload",
    defect: "another payload is stored under the same id",
    patches: column(
      "columns.payload.pushBytes(value, event.payloadAt, event.payloadEnd);",
      `if (${isTarget}) columns.payload.push('{"x":1}');\n    else columns.payload.pushBytes(value, event.payloadAt, event.payloadEnd);`,
    ),
    verify: { exit: 0 },
    audit: { exit: 1, figures: { content: PARTITIONS } },
    suite: [COLUMNS_TEST],
    note: "the ledger holds ids, not contents",
    ci: true,
  },
  {
    name: "extra-lost",
    defect: "unknown fields are not stored",
    patches: column("columns.extra.push(event.extraJson);", 'columns.extra.push("");'),
    verify: { exit: 0 },
    audit: { exit: 1, figures: { content: FOREIGN } },
    suite: [COLUMNS_TEST],
    note: "the ledger holds ids, not contents",
  },
  {
    name: "wrong-producer",
    defect: "an event is booked on another producer",
    patches: column(
      "const producer = this.#producerOf(record.headers);",
      `const producer = ${isTarget} ? Buffer.from("somebody-else") : this.#producerOf(record.headers);`,
    ),
    verify: { exit: 3, figures: { open_ledgers: 1 } },
    audit: { exit: 1, figures: { content: PARTITIONS } },
    suite: [COLUMNS_TEST],
  },
  {
    name: "wrong-offset",
    defect: "a row claims an offset far beyond the topic's end",
    patches: column(
      "columns.kafka_offset.push(record.offset);",
      `columns.kafka_offset.push(record.offset + (${isTarget} ? 1_000_000 : 0));`,
    ),
    verify: { exit: 1, figures: { offsets_missing: PARTITIONS, offsets_impossible: PARTITIONS } },
    audit: { exit: 1, figures: { wrong_copy: PARTITIONS } },
    suite: [COLUMNS_TEST],
  },
  {
    name: "fresh-id",
    defect: "an event is stored under an id that nobody sent",
    patches: column(
      "columns.event_id.push(value, event.idAt);",
      `columns.event_id.push(${isTarget} ? Buffer.from("00000000-0000-4000-8000-00000000000" + partition) : value, ${isTarget} ? 0 : event.idAt);`,
    ),
    verify: { exit: 1, figures: { ledger_altered: "+" } },
    audit: { exit: 1, figures: { missing: PARTITIONS, surplus: PARTITIONS } },
    suite: [COLUMNS_TEST],
  },
  {
    name: "other-events-id",
    defect: "an event is stored under the id of another event of its minute and type",
    patches: column(
      "    columns.event_id.push(value, event.idAt);\n",
      `    const group = event.rule.eventType + Math.floor(eventTimeMs / 60_000);
    const known = (globalThis.knownIds ??= new Map());
    const other = known.get(group);
    if (partition === 0 && record.offset >= ${TARGET_OFFSET} && other !== undefined && !globalThis.mixedUp) {
      globalThis.mixedUp = true;
      columns.event_id.push(other, 0);
    } else {
      if (partition === 0) known.set(group, Buffer.from(value.subarray(event.idAt, event.idAt + 36)));
      columns.event_id.push(value, event.idAt);
    }
`,
    ),
    verify: { exit: 1, figures: { ledger_missing: 1 } },
    audit: { exit: 1, figures: { missing: 1 } },
    suite: [{ file: "workers/consumer/crash.integration.test.ts", name: "killed after the insert" }],
  },
  {
    name: "valid-refused",
    defect: "a valid event becomes a dead letter",
    patches: onTarget('return { kind: "dead_letter", errorClass: "schema", reason: "planted" };'),
    verify: { exit: 1, figures: { ledger_missing: PARTITIONS } },
    audit: { exit: 1, figures: { missing: PARTITIONS, letters: PARTITIONS } },
    suite: [STORED_ONCE],
  },
  {
    name: "ledger-record-lost",
    defect: "the ledger's copy in the store lacks records",
    patches: [
      {
        file: "workers/consumer/ledger-flush.ts",
        find: '      else if (parsed.entry.record.kind === "count") countEntries',
        replace:
          '      else if (parsed.entry.record.kind === "count" && parsed.entry.record.source === "mobile") continue;\n      else if (parsed.entry.record.kind === "count") countEntries',
      },
    ],
    verify: { exit: 1, figures: { ledger_surplus: "+", other: 1 } },
    audit: { exit: 0 },
    note: "the audit needs no ledger",
  },
];
