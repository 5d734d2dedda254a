import { expect, test } from "bun:test";
import fc from "fast-check";
import { groupFacts, planHour } from "./plan.ts";
import type { FileFacts, StoreHour } from "./store.ts";
import type { LakeObject } from "./target.ts";

const HOUR_S = 1_767_225_600;
const store = (version: number, sources: Record<string, number>): StoreHour => ({
  hourS: HOUR_S,
  version: BigInt(version),
  sources: new Map(Object.entries(sources).map(([source, events]) => [source, { events, checksum: `sum ${events}` }])),
});
const facts = (source: string, etag: string, version: number, events: number): FileFacts => ({
  hourS: HOUR_S,
  source,
  etag,
  version: BigInt(version),
  events,
  checksum: `sum ${events}`,
  content: "1",
  sizeBytes: 1,
});
const objects = (etags: Record<string, string>) =>
  new Map<string, LakeObject>(
    Object.entries(etags).map(([source, etag]) => [source, { key: source, etag, sizeBytes: 1 }]),
  );
const known = (...list: FileFacts[]) => groupFacts(list).get(HOUR_S) ?? new Map();

test("an hour is clean only when the very objects that lie there hold its present version", () => {
  const web = facts("web", "a", 7, 10);
  expect(planHour(store(7, { web: 10 }), objects({ web: "a" }), known(web))).toBeUndefined();
  const cases: [string, StoreHour, Map<string, LakeObject>, FileFacts[]][] = [
    ["not exported", store(7, { web: 10 }), objects({}), [web]],
    ["unknown object", store(7, { web: 10 }), objects({ web: "b" }), [web]],
    ["touched since", store(8, { web: 10 }), objects({ web: "a" }), [web]],
    ["content differs", store(7, { web: 11 }), objects({ web: "a" }), [web]],
    ["not exported", store(7, { web: 10, sensor: 1 }), objects({ web: "a" }), [web]],
  ];
  for (const [reason, hour, lying, records] of cases) {
    expect(planHour(hour, lying, known(...records))).toEqual({ hourS: HOUR_S, action: "write", reason });
  }
});

test("an older object that came late is seen, whatever was recorded of newer ones", () => {
  const records = known(facts("web", "old", 5, 9), facts("web", "new", 7, 10));
  expect(planHour(store(7, { web: 10 }), objects({ web: "new" }), records)).toBeUndefined();
  expect(planHour(store(7, { web: 10 }), objects({ web: "old" }), records)?.action).toBe("write");
});

test("a file from a later version than the store's is never replaced unasked", () => {
  const plan = planHour(store(3, { web: 4 }), objects({ web: "a" }), known(facts("web", "a", 7, 10)));
  expect(plan).toEqual({ hourS: HOUR_S, action: "blocked", reason: "newer than the store" });
});

test("objects of sources without events are removed, also with the last of them", () => {
  const two = objects({ web: "a", sensor: "b" });
  const records = known(facts("web", "a", 7, 10), facts("sensor", "b", 6, 1));
  expect(planHour(store(7, { web: 10 }), two, records)?.action).toBe("remove");
  expect(planHour(store(8, {}), two, records)?.action).toBe("remove");
  expect(planHour(store(8, {}), objects({}), known())).toBeUndefined();
});

/**
 * A model of store and lake: rows arrive, minutes are recomputed some time later, any number of exporters read a version,
 * then a snapshot, then upload in any order. Whatever the interleaving: an hour planned as clean holds all rows.
 */
test("no interleaving makes an incomplete hour look clean", () => {
  type Exporter = { version?: number; rows?: number };
  const step = fc.oneof(
    fc.constant({ kind: "row" as const }),
    fc.constant({ kind: "recompute" as const }),
    fc.record({ kind: fc.constant("export" as const), who: fc.integer({ min: 0, max: 2 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let [rows, counted, version] = [0, 0, 0];
      let lying: { etag: string; rows: number } | undefined;
      const records: FileFacts[] = [];
      const exporters: Exporter[] = [{}, {}, {}];
      for (const [i, event] of steps.entries()) {
        if (event.kind === "row") rows++;
        else if (event.kind === "recompute") {
          if (counted !== rows) version++;
          counted = rows;
        } else {
          const exporter = exporters[event.who] ?? {};
          if (exporter.version === undefined) exporter.version = version;
          else if (exporter.rows === undefined) exporter.rows = rows;
          else {
            lying = { etag: `e${i}`, rows: exporter.rows };
            records.push(facts("web", lying.etag, exporter.version, exporter.rows));
            exporters[event.who] = {};
          }
        }
        const hour = store(version, counted > 0 ? { web: counted } : {});
        const plan = planHour(hour, objects(lying === undefined ? {} : { web: lying.etag }), known(...records));
        // The store's version moves once the views have caught up; only then is "clean" a claim about all rows.
        if (plan === undefined && counted === rows) expect(lying?.rows ?? 0).toBe(rows);
      }
    }),
    { numRuns: 500 },
  );
});
