import { addChecksum, subtractChecksum } from "../../shared/event/index.ts";

/** The pure heart of verify: who said what, and do they agree? Buckets are Unix seconds (start of a minute or hour). */

/**
 * What one side says of one key. `money` is the sum of all amounts in ten-thousandths; `control` is a checksum modulo 2^64
 * of whatever else the views show and can be added up: amounts by currency, bytes, late events. Ledgers know neither.
 */
export type Tally = { events: number; checksum: bigint; money: bigint; control: bigint };

export type Key = { bucket: number; source: string; eventType: string };

/** What a producer instance saw acknowledged. `unknown` counts sends whose acknowledgement never came. */
export type LedgerRow = Key & { instance: string; events: number; checksum: bigint; unknown: number };

/** What is stored, recomputed; `producer` is empty for events that no ledger counts. */
export type EventsRow = Key & Tally & { producer: string };

/** What a view shows. */
export type ViewRow = Key & Tally;

/**
 * How far an instance's ledger can be trusted: `closed` is final; `live` lags by its publish interval; `dead` was killed
 * (open without a sign of life) or never wrote a record; `audited` was killed and proven by an audit since.
 */
export type InstanceState = "live" | "closed" | "dead" | "audited";

export type Check = "ledger" | "minute" | "hour";

/**
 * - `exact`: equal counts and checksums (between store and views money and control as well)
 * - `different`: not equal, and nothing explains it
 * - `unledgered`: more is stored than the last record of a killed instance says; only an audit can tell
 * - `unknown_sends`: more is stored, at most by the number of sends whose acknowledgement stayed unknown
 * - `audited`: as `unledgered`, and an audit has proven it since
 */
export type Outcome = "exact" | "different" | "unledgered" | "unknown_sends" | "audited";

export type KeyResult = Key & {
  check: Check;
  outcome: Outcome;
  expected: Tally;
  found: Tally;
  /** Instances whose own part differs (ledger check only). */
  instances: string[];
};

export const EMPTY_TALLY: Tally = { events: 0, checksum: 0n, money: 0n, control: 0n };

export function addTally(a: Tally, b: Tally): Tally {
  return {
    events: a.events + b.events,
    checksum: addChecksum(a.checksum, b.checksum),
    money: a.money + b.money,
    control: addChecksum(a.control, b.control),
  };
}

const sameCount = (a: Tally, b: Tally) => a.events === b.events && a.checksum === b.checksum;
const same = (a: Tally, b: Tally) => sameCount(a, b) && a.money === b.money && a.control === b.control;

/** The text form of a key; NUL cannot occur in a source or type of the contract. */
export function keyText({ bucket, source, eventType }: Key): string {
  return `${bucket}\0${source}\0${eventType}`;
}

/** The ledger, summed over instances, against the stored events that have a producer. */
export function compareLedger(
  ledger: readonly LedgerRow[],
  events: readonly EventsRow[],
  stateOf: (instance: string) => InstanceState,
): KeyResult[] {
  const keys = new Map<string, { key: Key; parts: Map<string, LedgerPart> }>();
  const partOf = (row: Key, instance: string) => {
    const text = keyText(row);
    const entry = keys.get(text) ?? { key: pickKey(row), parts: new Map<string, LedgerPart>() };
    keys.set(text, entry);
    const part = entry.parts.get(instance) ?? { acked: EMPTY_TALLY, stored: EMPTY_TALLY, unknown: 0 };
    entry.parts.set(instance, part);
    return part;
  };
  for (const row of ledger) {
    const part = partOf(row, row.instance);
    part.acked = addTally(part.acked, { ...EMPTY_TALLY, events: row.events, checksum: row.checksum });
    part.unknown += row.unknown;
  }
  for (const row of events) {
    if (row.producer === "") continue;
    const part = partOf(row, row.producer);
    part.stored = addTally(part.stored, { ...EMPTY_TALLY, events: row.events, checksum: row.checksum });
  }
  return [...keys.values()].map(({ key, parts }) => judgeLedger(key, parts, stateOf));
}

type LedgerPart = { acked: Tally; stored: Tally; unknown: number };

function judgeLedger(
  key: Key,
  parts: Map<string, LedgerPart>,
  stateOf: (instance: string) => InstanceState,
): KeyResult {
  let expected = EMPTY_TALLY;
  let found = EMPTY_TALLY;
  const reasons = new Map<string, Outcome>();
  for (const [instance, part] of parts) {
    expected = addTally(expected, part.acked);
    found = addTally(found, part.stored);
    if (!sameCount(part.acked, part.stored)) reasons.set(instance, explainPart(part, stateOf(instance)));
  }
  const outcome = sameCount(expected, found) ? "exact" : worst(reasons.values());
  return { ...key, check: "ledger", outcome, expected, found, instances: [...reasons.keys()] };
}

/** Only a surplus can be explained: whatever was acknowledged must be there. */
function explainPart(part: LedgerPart, state: InstanceState): Outcome {
  const surplus = part.stored.events - part.acked.events;
  if (surplus <= 0) return "different";
  if (state === "audited") return "audited";
  if (state === "dead") return "unledgered";
  return surplus <= part.unknown ? "unknown_sends" : "different";
}

const SEVERITY: readonly Outcome[] = ["exact", "audited", "unknown_sends", "unledgered", "different"];

function worst(outcomes: Iterable<Outcome>): Outcome {
  let result: Outcome = "exact";
  for (const outcome of outcomes) if (SEVERITY.indexOf(outcome) > SEVERITY.indexOf(result)) result = outcome;
  // Sums differ although every part agrees: impossible, so say it loudly.
  return result === "exact" ? "different" : result;
}

/** Stored events, recomputed and summed over producers, against the view of minutes. */
export function compareMinutes(events: readonly EventsRow[], view: readonly ViewRow[]): KeyResult[] {
  return compareViews(
    "minute",
    sumBy(events, (bucket) => bucket),
    sumBy(view, (bucket) => bucket),
  );
}

/** Minutes (recomputed, or of the view where the raw events are gone) against the view of hours. */
export function compareHours(minutes: readonly ViewRow[], hours: readonly ViewRow[]): KeyResult[] {
  return compareViews(
    "hour",
    sumBy(minutes, (bucket) => bucket - (bucket % 3600)),
    sumBy(hours, (bucket) => bucket),
  );
}

type Sums = Map<string, { key: Key; tally: Tally }>;

function sumBy(rows: readonly ViewRow[], toBucket: (bucket: number) => number): Sums {
  const sums: Sums = new Map();
  for (const row of rows) {
    const key = { ...pickKey(row), bucket: toBucket(row.bucket) };
    const text = keyText(key);
    const entry = sums.get(text);
    sums.set(text, { key, tally: entry === undefined ? pickTally(row) : addTally(entry.tally, row) });
  }
  return sums;
}

function compareViews(check: Check, expected: Sums, found: Sums): KeyResult[] {
  const results: KeyResult[] = [];
  for (const text of new Set([...expected.keys(), ...found.keys()])) {
    const key = (expected.get(text) ?? found.get(text))?.key;
    if (key === undefined) continue;
    const want = expected.get(text)?.tally ?? EMPTY_TALLY;
    const have = found.get(text)?.tally ?? EMPTY_TALLY;
    const outcome = same(want, have) ? "exact" : "different";
    results.push({ ...key, check, outcome, expected: want, found: have, instances: [] });
  }
  return results;
}

/** A closed instance states its totals; its keys must add up to them, or a key's record is missing. */
export function compareInstanceTotals(
  instance: { instance: string; events: number; unknown: number },
  sums: { events: number; unknown: number },
): string | undefined {
  if (instance.events === sums.events && instance.unknown === sums.unknown) return undefined;
  return (
    `ledger of ${instance.instance} is incomplete: it closed with ${instance.events} events and ${instance.unknown} unknown sends, ` +
    `its records add up to ${sums.events} and ${sums.unknown}`
  );
}

/** How much of `expected` is missing in `found`, in events and in the checksum of what is missing. */
export function shortfall(expected: Tally, found: Tally): { missing: number; surplus: number; checksum: bigint } {
  const difference = expected.events - found.events;
  return {
    missing: Math.max(0, difference),
    surplus: Math.max(0, -difference),
    checksum: subtractChecksum(expected.checksum, found.checksum),
  };
}

const pickKey = ({ bucket, source, eventType }: Key): Key => ({ bucket, source, eventType });
const pickTally = ({ events, checksum, money, control }: Tally): Tally => ({ events, checksum, money, control });
