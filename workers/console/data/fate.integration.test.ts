import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventRow } from "../../../scripts/testkit/index.ts";
import type { LetterRow } from "../../shared/dead-letters/letters.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { createConsoleMetrics } from "../metrics.ts";
import { type ConsoleFixture, createConsoleFixture } from "../testing/fixture.ts";
import { followSent } from "./fate.ts";
import { createReads } from "./reads.ts";

let fixture: ConsoleFixture;
beforeAll(async () => {
  fixture = await createConsoleFixture();
}, 90_000);
afterAll(() => fixture?.close());

test("of a letter that was put back it is said whether it was stored, refused again, or not read yet", async () => {
  const topic = fixture.config.KAFKA_EVENTS_TOPIC;
  const nowMs = Date.now();
  const times = { eventTimeMs: nowMs, kafkaAppendTimeMs: nowMs };
  await fixture.storeEvents([
    eventRow({ ...times, eventId: crypto.randomUUID(), kafkaPartition: 1, kafkaOffset: 70 }),
    // The same offset of another partition.
    eventRow({ ...times, eventId: crypto.randomUUID(), kafkaPartition: 0, kafkaOffset: 72 }),
  ]);
  const empty = Buffer.alloc(0);
  await fixture.storeLetters([
    {
      ...{ topic, partition: 1, offset: 71, appendTimeMs: nowMs, payloadHash: 1n, errorClass: "schema" },
      ...{ reason: "user_id: missing", key: empty, payload: empty, headersJson: "{}" },
    },
  ]);
  const letter = {} as LetterRow;
  const reads = createReads(fixture.db.clickhouse, { timeoutSeconds: 10, maxRows: 1_000 }, createConsoleMetrics());
  const sent = [70, 71, 72].map((offset) => ({ letter, partition: 1, offset }));
  expect(await followSent(reads, topic, sent, { waitMs: 600, clock: systemClock })).toEqual([
    { kind: "stored" },
    { kind: "refused", errorClass: "schema", reason: "user_id: missing" },
    { kind: "waiting" },
  ]);
}, 60_000);
