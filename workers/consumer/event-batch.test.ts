import { expect, test } from "bun:test";
import type { KafkaRecord, RecordRun, RunTicket } from "../shared/kafka/group-types.ts";
import { EventBatch } from "./event-batch.ts";

const APPEND_MS = Date.parse("2026-03-01T12:00:00Z");
const LIMITS = { maxAgeMs: 86_400_000, maxFutureMs: 600_000, maxBytes: 1_000, lateAfterMs: 20_000, maxRows: 100 };

/** Messages as views of one large buffer, as the client hands them over. */
function runOf(first: number, values: readonly string[]): RecordRun {
  const buffer = Buffer.from(`${values.join("")}h`);
  const headers = { number: buffer.subarray(buffer.length - 1) };
  let at = 0;
  const records: KafkaRecord[] = values.map((text, i) => {
    const value = buffer.subarray(at, at + Buffer.byteLength(text));
    at += value.length;
    return { offset: first + i, appendTimeMs: APPEND_MS, key: value.subarray(0, 2), value, headers };
  });
  const read: RunTicket["read"] = async (offsets) => {
    const wanted = new Set(offsets);
    return records.filter(({ offset }) => wanted.has(offset));
  };
  const range = { partition: 0, first, last: first + values.length - 1, heldBytes: 5_000 };
  const ticket = { ...range, isCurrent: () => true, complete: () => undefined, read };
  return { records, bytes: buffer.length, ticket };
}

const good = () =>
  JSON.stringify({
    event_id: crypto.randomUUID(),
    user_id: "u",
    event_type: "click",
    event_time: "2026-03-01T11:59:59Z",
    received_time: "2026-03-01T12:00:00Z",
  });

test("a dead letter keeps its own bytes and not the batch that it came in", () => {
  const batch = new EventBatch(LIMITS);
  const run = runOf(0, [good(), "not json", good()]);
  batch.add(run, APPEND_MS);
  expect(batch.rows).toBe(3);
  const [letter] = batch.letters;
  expect(letter).toMatchObject({ partition: 0, errorClass: "malformed_json", record: { offset: 1 } });
  const source = run.records[1]?.value?.buffer;
  const { key, value, headers } = letter?.record ?? {};
  expect([String(key), String(value), String(headers?.number)]).toEqual(["no", "not json", "h"]);
  for (const bytes of [key, value, headers?.number]) expect(Buffer.isBuffer(bytes) && bytes.buffer).not.toBe(source);
  expect(batch.bytes).toBeGreaterThan(5_000);
  batch.reset();
  expect(batch).toMatchObject({ rows: 0, bytes: 0, letters: [], tickets: [] });
});

test("refused rows are found in their runs; one that is of no run is no letter but a bug", async () => {
  const batch = new EventBatch(LIMITS);
  const texts = Array.from({ length: 5 }, good);
  batch.add(runOf(10, texts.slice(0, 2)), APPEND_MS);
  batch.add(runOf(12, texts.slice(2)), APPEND_MS);
  const [insert] = batch.inserts();
  if (insert === undefined) throw new Error("no rows");
  const refused = [1, 2, 4].map((row) => ({ row, reason: `because of ${row}` }));
  const letters = await batch.lettersOf(insert, refused);
  expect(letters.map(({ record, reason }) => [record.offset, String(record.value), reason])).toEqual([
    [11, texts[1] ?? "", "because of 1"],
    [12, texts[2] ?? "", "because of 2"],
    [14, texts[4] ?? "", "because of 4"],
  ]);
  batch.tickets.pop();
  await expect(batch.lettersOf(insert, refused)).rejects.toThrow("2 refused rows are of no message");
});
