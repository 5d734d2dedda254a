import { afterAll, beforeAll, expect, test } from "bun:test";
import type { EventRow } from "../../shared/clickhouse/tables/events-raw.ts";
import { createJudge } from "../audit/judge.ts";
import { audit } from "../audit/run.ts";
import type { Services } from "../cli/services.ts";
import { type Proof, proveStep } from "../continuous/step.ts";
import { messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";
import { withOps } from "../testing/io.ts";
import { timingOf, verify } from "./run.ts";
import { END_OF_TIME_S } from "./windows.ts";

/** A message that compaction has removed cannot be compared: proven only if it was stored before, else NOT PROVEN, never a loss. */

let fixture: OpsFixture;
const rows: EventRow[] = [];
/** Offsets of partition 0: one was stored before it went, one was not. */
const [STORED, LOST] = [3, 6];

beforeAll(async () => {
  fixture = await createOpsFixture("compacted");
  await fixture.produce(testEvents(10, Date.now()).map((event) => messageOf(event, { partition: 0 })));
  await fixture.consume({
    row: (row) => {
      rows.push(row);
      return row.kafkaOffset === LOST ? undefined : row;
    },
  });
}, 60_000);
afterAll(() => fixture.close());

/** The log as it is after compaction has removed these offsets of partition 0: the broker takes minutes to do so itself. */
function compacted({ log, ...services }: Services, offsets: readonly number[]): Services {
  const removed = (partition: number, offset: string) => partition === 0 && offsets.includes(Number(offset));
  const read: typeof log.read = (topic, range, handler) =>
    log.read(topic, range, {
      ...handler,
      onMessages: (messages) => {
        for (const message of messages) {
          const from = Number(message.offset);
          if (removed(range.partition, message.offset)) handler.onGap({ from, to: from + 1, kind: "compacted" });
          else handler.onMessages([message]);
        }
      },
    });
  return { ...services, log: { ...log, read } };
}

/** What the three proofs say of the topic without these offsets. */
function ask(offsets: readonly number[]) {
  return withOps(fixture, async (plain) => {
    const services = compacted(plain, offsets);
    const proof: Proof = { partitions: new Map(), suspects: new Map() };
    for (let step = 0; step < 2; step++) await proveStep(services, createJudge(services), proof, { settleMs: 0 });
    const { unproven, difference } = proof.partitions.get(0) ?? {};
    const window = { from: 0, to: END_OF_TIME_S };
    const options = { window, waitMs: 20_000, all: false, timing: timingOf(4_000) };
    return {
      verify: (await verify(services, options)).verdict,
      audit: (await audit(services, { waitMs: 20_000, allowUnseen: true, tempDir: undefined })).verdict,
      watch: { unproven, difference },
    };
  });
}

test("stored before it was removed: proven. Not stored: NOT PROVEN, and no loss. Still there and not stored: a loss", async () => {
  const lost = { unproven: 0, difference: expect.stringContaining(`0/${LOST}: event`) };
  expect(await ask([])).toEqual({ verify: "DIFFERENT", audit: "DIFFERENT", watch: lost });
  const unseen = { unproven: 1, difference: "" };
  expect(await ask([LOST])).toEqual({ verify: "NOT PROVEN", audit: "NOT PROVEN", watch: unseen });
  await fixture.storeEvents(rows.filter(({ kafkaOffset }) => kafkaOffset === LOST));
  const proven = { unproven: 0, difference: "" };
  expect(await ask([STORED])).toEqual({ verify: "EXACT", audit: "EXACT", watch: proven });
}, 180_000);
