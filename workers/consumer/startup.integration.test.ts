/** The consumer does not start on a store that would make figures wrong; it says so as `ops doctor` does, and waits. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { useStack, waitFor } from "../../scripts/testkit/index.ts";
import { type ConsumerFixture, createConsumerFixture, events } from "./testing/fixture.ts";

let fixture: ConsumerFixture;
beforeEach(async () => {
  fixture = await createConsumerFixture(await useStack());
}, 90_000);
afterEach(() => fixture?.close(), 30_000);

const PLANTED = [
  {
    code: "TABLE_MISSING",
    plant: "RENAME TABLE offsets_without_message TO put_away",
    fix: "RENAME TABLE put_away TO offsets_without_message",
  },
  {
    code: "CLICKHOUSE_COLUMN_TYPE",
    plant: "ALTER TABLE ledger_counts MODIFY COLUMN events UInt32",
    fix: "ALTER TABLE ledger_counts MODIFY COLUMN events UInt64",
  },
  {
    code: "INSERT_VIEW_MISSING",
    plant: "DETACH TABLE minute_marks_on_insert",
    fix: "ATTACH TABLE minute_marks_on_insert",
  },
];

test.each(PLANTED)("$code: nothing is read before it is fixed, and all of it afterwards", async (planted) => {
  await fixture.clickhouse.command(planted.plant);
  await fixture.produce(events(60, 3));
  const worker = fixture.start();
  const line = await worker.waitForLog(({ json }) => json.code === planted.code);
  expect(line.json.next).toBeString();
  expect(line.json.level).toBe("error");
  // Long enough for a consumer that does not look first: it stores within a second.
  await Bun.sleep(3_000);
  expect(await fixture.counts()).toEqual({ raw: 0, events: 0, ids: 0 });
  await fixture.clickhouse.command(planted.fix);
  await waitFor(async () => (await fixture.counts()).raw === 60, { describe: "what was waiting to be stored" });
  expect(await fixture.counts()).toEqual({ raw: 60, events: 60, ids: 60 });
  expect(await worker.kill()).toBe(0);
});
