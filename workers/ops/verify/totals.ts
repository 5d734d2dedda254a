/** Sums of what was compared, for the report. */
import { type KeyResult, keyText } from "./compare.ts";
import type { MinuteRow, VerifyReport } from "./report.ts";

type Totals = VerifyReport["totals"];

/** Field by field. */
export function addTotals(a: Totals, b: Totals): Totals {
  return {
    produced: a.produced + b.produced,
    storedOfProducers: a.storedOfProducers + b.storedOfProducers,
    storedForeign: a.storedForeign + b.storedForeign,
    minutesView: a.minutesView + b.minutesView,
    hoursView: a.hoursView + b.hoursView,
  };
}

/** Events by what counts them, over keys of all checks. */
export function sumTotals(results: readonly KeyResult[]): Totals {
  const sum = (check: KeyResult["check"], side: "expected" | "found") =>
    results.reduce((total, key) => total + (key.check === check ? key[side].events : 0), 0);
  const storedOfProducers = sum("ledger", "found");
  return {
    produced: sum("ledger", "expected"),
    storedOfProducers,
    storedForeign: sum("minute", "expected") - storedOfProducers,
    minutesView: sum("minute", "found"),
    hoursView: sum("hour", "found"),
  };
}

/**
 * The keys of minutes and hours of which nothing moved while they were compared. Their sums are of one cut: what arrives
 * between two readings cannot make one side larger than the other.
 */
export function standingStill(results: readonly KeyResult[], moving: readonly KeyResult[]): KeyResult[] {
  const isHour = ({ check }: KeyResult) => check === "hour";
  const hours = new Set(moving.filter(isHour).map(({ bucket }) => bucket));
  const minutes = new Set(moving.filter((key) => !isHour(key)).map(({ bucket }) => bucket));
  return results.filter((key) => !(isHour(key) ? hours : minutes).has(key.bucket));
}

/** What each check says of a minute, source and type in one row, by time. Hours are left out. */
export function minuteRows(results: readonly KeyResult[]): MinuteRow[] {
  const rows = new Map<string, MinuteRow>();
  for (const key of results) {
    if (key.check === "hour") continue;
    const { bucket, source, eventType } = key;
    const row = rows.get(keyText(key)) ?? { bucket, source, eventType, produced: 0, stored: 0, shown: 0 };
    rows.set(keyText(key), row);
    if (key.check === "ledger") row.produced = key.expected.events;
    else {
      row.stored = key.expected.events;
      row.shown = key.found.events;
    }
  }
  return [...rows.values()].sort(
    (a, b) => a.bucket - b.bucket || a.source.localeCompare(b.source) || a.eventType.localeCompare(b.eventType),
  );
}
