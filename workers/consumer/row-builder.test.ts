import { expect, test } from "bun:test";
import fc from "fast-check";
import { EventsBlock } from "../shared/clickhouse/tables/events-block.ts";
import type { EncodedRows } from "../shared/clickhouse/tables/events-raw.ts";
import { RowBuilder } from "./row-builder.ts";
import { transformRecord } from "./transform.ts";

const LIMITS = { maxAgeMs: 86_400_000, maxFutureMs: 600_000, maxBytes: 600, lateAfterMs: 20_000, maxRows: 1_000 };
const APPEND_MS = Date.parse("2026-03-01T12:00:00Z");

const event = fc.record({
  event_id: fc.uuid(),
  user_id: fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" }),
  event_type: fc.constantFrom("click", "purchase", "unheard_of"),
  event_time: fc.integer({ min: -90_000_000, max: 700_000 }).map((ms) => new Date(APPEND_MS + ms).toISOString()),
  received_time: fc.constant("2026-03-01T12:00:00.5Z"),
  session_id: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
  payload: fc.option(
    fc.constantFrom({ element: "é".repeat(90), x: "y".repeat(300) }, { amount: 1.5, currency: "EUR" }),
    {
      nil: undefined,
    },
  ),
  extra_field: fc.option(fc.jsonValue({ maxDepth: 2 }), { nil: undefined }),
});

test("property: columns filled from bytes are those filled from parsed events, and so are the refusals", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const rows = new RowBuilder(LIMITS);
      const byDay = new Map<number, EventsBlock>();
      events.forEach((fields, offset) => {
        const headers = offset % 3 === 0 ? { "producer-instance": Buffer.from("p-1") } : {};
        const value = toBytes(fields);
        const record = { offset, appendTimeMs: APPEND_MS, key: null, value, headers };
        const refused = rows.add(record, 4, APPEND_MS + 500);
        const expected = transformRecord(record, 4, LIMITS, APPEND_MS + 500);
        expect(refused).toEqual(expected.kind === "dead_letter" ? expected : undefined);
        if (expected.kind === "dead_letter") return;
        const day = Math.floor(expected.value.eventTimeMs / 86_400_000);
        const block = byDay.get(day) ?? new EventsBlock();
        byDay.set(day, block);
        block.add(expected.value);
      });
      const expected = [...byDay].sort(([a], [b]) => a - b).map(([, block]) => bytesOf(block.encode()));
      const actual = rows.inserts().map((insert) => bytesOf(insert.encode()));
      expect(actual).toEqual(expected);
    }),
  );
});

test("property: rows selected for an insert of their own are the rows that were encoded", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 30 }), fc.infiniteStream(fc.boolean()), (events, coins) => {
      const chosen = [...events.keys()].filter(() => coins.next().value);
      const [all, some] = [new EventsBlock(), new EventsBlock()];
      const limits = { ...LIMITS, maxAgeMs: 1e12 };
      for (const [offset, fields] of events.entries()) {
        const record = { offset, appendTimeMs: APPEND_MS, key: null, value: toBytes(fields), headers: {} };
        const result = transformRecord(record, 2, { ...limits, maxBytes: 1e6 }, APPEND_MS);
        if (result.kind !== "ok") return;
        all.add(result.value);
        if (chosen.includes(offset)) some.add(result.value);
      }
      expect(bytesOf(all.encode(chosen))).toEqual(bytesOf(some.encode()));
      // Rows may be asked for in any order, as the search for refused ones does.
      const last = chosen.at(-1);
      if (last === undefined) return;
      expect(bytesOf(all.encode([last]))).toEqual(bytesOf(some.encode([chosen.length - 1])));
    }),
  );
});

const toBytes = (fields: unknown) => Buffer.from(JSON.stringify(fields));
const bytesOf = ({ pieces }: EncodedRows) => Buffer.concat(pieces);
