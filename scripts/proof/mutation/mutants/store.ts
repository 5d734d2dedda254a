import { COPIES_PER_PARTITION, eventText, FOREIGN, GROUPS, MINUTES, PARTITIONS, TARGET_OFFSET } from "../load.ts";
import type { Mutant, SuiteTest } from "../mutant.ts";
import type { Scene } from "../scene.ts";

/** Defects of the store: its rows, marks, views and schema. */

const COPIES = COPIES_PER_PARTITION * PARTITIONS;
const EXACTNESS = "workers/shared/clickhouse/exactness.integration.test.ts";
const topicNote = "the audit does not read the views";

/** More events of another client, stored but perhaps not shown. */
async function sendMore(scene: Scene, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, i) => ({
    value: eventText(i, scene.baseMs, { user_id: "later" }),
    partition: 0,
  }));
  await scene.send(messages);
  await scene.untilCommitted();
}

/** Writes the rows of the first minute once more, changed, as if they had been computed so. */
async function rewriteMinute(
  scene: Scene,
  changes: { events?: string; checksum?: string; amounts?: string; late?: string },
): Promise<void> {
  await scene.untilQuiet();
  await scene.command(
    `INSERT INTO events_per_minute_store (event_minute, source, event_type, events, checksum, size_bytes, late_events,
       amounts, users, login_sessions, rows_marked, computed_at, version)
     SELECT event_minute, source, event_type, ${changes.events ?? "events"}, ${changes.checksum ?? "checksum"}, size_bytes,
       ${changes.late ?? "late_events"}, ${changes.amounts ?? "amounts"}, users, login_sessions, rows_marked, computed_at, version + 1
     FROM events_per_minute_store FINAL WHERE event_minute = toDateTime({minute:UInt32}, 'UTC') AND source = 'lottery'`,
    { minute: scene.baseMs / 1000 },
  );
}

/** Events of source lottery in the first minute, all of them of the other client. */
const LOTTERY = Array.from({ length: FOREIGN }, (_, i) => i).filter(
  (i) => i % MINUTES === 0 && Math.floor(i / MINUTES) % GROUPS === 0,
).length;

const only = (name: string): SuiteTest[] => [{ file: EXACTNESS, name }];
const SCHEMA = "workers/shared/clickhouse/schema";

export const STORE_MUTANTS: readonly Mutant[] = [
  {
    name: "event-deleted",
    defect: "the engine loses a row that it had acknowledged",
    after: async (scene) => {
      // Recomputed once more, its minute would lack it, too.
      await scene.untilQuiet();
      await scene.command(
        `DELETE FROM events_raw WHERE kafka_partition = 0 AND kafka_offset = ${TARGET_OFFSET} AND producer != ''`,
      );
    },
    verify: { exit: 1, figures: { ledger_missing: 1, minute_surplus: 1, hour_surplus: 1 } },
    audit: { exit: 1, figures: { missing: 1 } },
    ci: true,
  },
  {
    name: "event-invented",
    defect: "the store holds an event that the topic never had",
    after: async (scene) => {
      await scene.command(
        `INSERT INTO events_raw (event_id, event_time, received_time, source, event_type, user_id, producer,
           kafka_partition, kafka_offset, kafka_append_time)
         SELECT generateUUIDv4(), event_time, received_time, source, event_type, user_id, '', 0, 1000000000, kafka_append_time
         FROM events LIMIT 1`,
      );
      await scene.untilShown();
    },
    verify: { exit: 1, figures: { offsets_impossible: 1 } },
    audit: { exit: 1, figures: { surplus: 1 } },
  },
  {
    name: "minute-doubled",
    defect: "the view of minutes shows a group twice as large",
    after: (scene) => rewriteMinute(scene, { events: "events * 2", checksum: "checksum * 2" }),
    verify: { exit: 1, figures: { minute_surplus: LOTTERY } },
    audit: { exit: 0 },
    note: topicNote,
    ci: true,
  },
  {
    name: "checksum-altered",
    defect: "the view of minutes has another checksum",
    after: (scene) => rewriteMinute(scene, { checksum: "checksum + 1" }),
    verify: { exit: 1, figures: { minute_altered: 1 } },
    audit: { exit: 0 },
    note: topicNote,
  },
  {
    name: "amount-altered",
    defect: "the view of minutes has another amount",
    after: (scene) => rewriteMinute(scene, { amounts: "mapApply((k, v) -> (k, v + toDecimal128(1, 4)), amounts)" }),
    verify: { exit: 1, figures: { minute_altered: 1 } },
    audit: { exit: 0 },
    note: topicNote,
  },
  {
    name: "currency-altered",
    defect: "the view of minutes has the amount under another currency",
    after: (scene) => rewriteMinute(scene, { amounts: "mapApply((k, v) -> ('USD', v), amounts)" }),
    verify: { exit: 1, figures: { minute_altered: 1 } },
    audit: { exit: 0 },
    note: topicNote,
  },
  {
    name: "late-altered",
    defect: "the view of minutes counts other late events",
    after: (scene) => rewriteMinute(scene, { late: "late_events + 1" }),
    verify: { exit: 1, figures: { minute_altered: 1 } },
    audit: { exit: 0 },
    note: topicNote,
  },
  {
    name: "hour-refresh-gone",
    defect: "the view of hours is never refreshed",
    before: (scene) => scene.command("DROP VIEW events_per_hour_refresh"),
    unequal: true,
    verify: { exit: 1, figures: { hour_missing: "+" } },
    audit: { exit: 0 },
    note: topicNote,
    ci: true,
  },
  {
    name: "minute-refresh-frozen",
    defect: "the view of minutes stops being refreshed",
    after: async (scene) => {
      await scene.command("DROP VIEW events_per_minute_refresh");
      await sendMore(scene, 6);
    },
    verify: { exit: 1, figures: { minute_missing: 6, hour_missing: 6 } },
    audit: { exit: 0 },
    note: topicNote,
  },
  {
    name: "mark-dropped",
    defect: "a touched minute is not marked",
    after: async (scene) => {
      await scene.command("DROP VIEW minute_marks_on_insert");
      await sendMore(scene, 1);
    },
    verify: { exit: 1, figures: { minute_missing: 1, hour_missing: 1 } },
    audit: { exit: 0 },
    note: topicNote,
    ci: true,
  },
  {
    name: "received-offset-dropped",
    defect: "a received offset is not noted",
    after: async (scene) => {
      await scene.command("DROP VIEW received_offsets_on_insert");
      await sendMore(scene, 1);
      await scene.untilShown();
    },
    verify: { exit: 1, figures: { offsets_missing: 1 } },
    audit: { exit: 0 },
    note: "the audit compares the events themselves",
  },
  {
    name: "conflict",
    defect: "the same id is stored under another minute and type",
    after: async (scene) => {
      await sendConflict(scene);
      await scene.untilShown();
    },
    verify: { exit: 1, figures: { conflicts: 1 } },
    audit: { exit: 1, figures: { conflict: 2 } },
    ci: true,
  },
  {
    name: "conflict-unnoticed",
    defect: "as before, and the index of ids does not learn of it",
    before: (scene) => scene.command("DROP VIEW event_index_on_insert"),
    after: async (scene) => {
      await sendConflict(scene);
      await scene.untilShown();
    },
    verify: { exit: 0 },
    audit: { exit: 1, figures: { conflict: 2 } },
    note: "verify asks the index",
  },
  {
    name: "latest-copy-kept",
    defect: "of several copies the latest survives",
    patches: [
      {
        file: `${SCHEMA}/events_raw.sql`,
        find: "MATERIALIZED bitNot(",
        replace: "MATERIALIZED bitOr(toUInt128(0),",
      },
    ],
    verify: { exit: 1, figures: { ledger_missing: COPIES } },
    audit: { exit: 1, figures: { wrong_copy: COPIES } },
    suite: only("earliest copy unchanged"),
    ci: true,
  },
  {
    name: "minutes-without-final",
    defect: "the refresh counts copies",
    patches: [
      {
        file: `${SCHEMA}/events_per_minute_refresh.sql`,
        find: "FROM events_raw FINAL\n    WHERE toStartOfMinute",
        replace: "FROM events_raw\n    WHERE toStartOfMinute",
      },
    ],
    before: (scene) => scene.command("SYSTEM STOP MERGES events_raw"),
    unequal: true,
    verify: { exit: 1, figures: { minute_surplus: "+", hour_surplus: "+" } },
    audit: { exit: 0 },
    suite: only("earliest copy unchanged"),
    note: topicNote,
  },
  {
    name: "marks-lost-in-refresh",
    defect: "a minute that was computed once is never dirty again",
    patches: [
      {
        file: `${SCHEMA}/events_per_minute_refresh.sql`,
        find: "WHERE marked != recorded OR touched > computed - INTERVAL 1 SECOND",
        replace: "WHERE recorded = 0",
      },
    ],
    after: async (scene) => sendMore(scene, 6),
    unequal: true,
    verify: { exit: 1, figures: { minute_missing: "+", hour_missing: "+" } },
    audit: { exit: 0 },
    suite: only("events that come days late"),
    note: topicNote,
  },
];

/** The id of the first event once more, three minutes later and as another type. */
async function sendConflict(scene: Scene): Promise<void> {
  const { event_id } = JSON.parse(await scene.textAt(0));
  await scene.send([{ value: eventText(7, scene.baseMs + 180_000, { event_id }), partition: 1 }]);
  await scene.untilCommitted();
}
