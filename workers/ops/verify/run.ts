import { fetchTopicRanges, type PartitionRange } from "../../shared/kafka/topic-reader.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import type { Services } from "../cli/services.ts";
import { formatCount, formatMinute } from "../cli/table.ts";
import { accountAll } from "./account-all.ts";
import { accountDefects } from "./accounting.ts";
import { waitForGroups } from "./catch-up.ts";
import { type KeyResult, keyText } from "./compare.ts";
import { comparePass, type Pass } from "./compare-pass.ts";
import { readableRanges } from "./hidden.ts";
import { indexInstances, sumRelayed } from "./instances.ts";
import { findIncompleteLedgers, ledgerTarget, readSettledInstances } from "./ledger-copy.ts";
import { readContext, readDays, readRawHorizon, readStaleMinutes, type Window } from "./queries.ts";
import { judge, provenUntil, type Unproven, type VerifyReport } from "./report.ts";
import { createSettler, type SettleTiming } from "./settle.ts";
import { addTotals, minuteRows, standingStill, sumTotals } from "./totals.ts";
import { dayWindow, recheckWindows } from "./windows.ts";

export type VerifyOptions = {
  window: Window;
  /** How long to wait for the consumers and for disagreeing keys to settle, ms. */
  waitMs: number;
  /** Collect a row for every minute. */
  all: boolean;
  timing: SettleTiming & { pollMs: number };
};

/**
 * Times derived from how long a minute must disagree unchanged. The ledger is published every second and settles sooner;
 * hours are recomputed after their minutes and need longer.
 */
export function timingOf(settleMs: number): VerifyOptions["timing"] {
  return {
    settleMs: { ledger: settleMs * 0.4, minute: settleMs, hour: settleMs * 1.5 },
    motionMs: settleMs * 2,
    pollMs: Math.min(1_000, settleMs / 4),
  };
}

/** Compares ledger, events and views. Reads only; see the module's parts for how each step keeps its promise. */
export async function verify(services: Services, options: VerifyOptions): Promise<VerifyReport> {
  const { config, admin, clickhouse, io } = services;
  const snapshotMs = io.clock.now();
  const deadlineMs = snapshotMs + options.waitMs;
  const topic = config.KAFKA_EVENTS_TOPIC;
  const snapshot = await fetchTopicRanges(admin, topic);
  const { ranges, hidden } = await readableRanges(services, topic, snapshot, deadlineMs);
  const behind = await waitForGroups(services, await targetsOf(services, ranges), deadlineMs);
  const rawFrom = await readRawHorizon(clickhouse);
  if (behind.length > 0) return finish({ ...emptyReport(snapshotMs), hidden, behind });

  const first = await firstPass(services, options, rawFrom);
  const settled = await settleSuspects(services, options, rawFrom, first.suspects, deadlineMs);
  const { rows: instanceRows, asOfMs } = await readSettledInstances(services);
  const { partitions, truncated } = await accountAll(services, ranges, instanceRows);
  const instances = indexInstances(instanceRows, asOfMs);
  const context = await readContext(clickhouse, config.KAFKA_EVENTS_TOPIC, options.window);

  const kept = first.agreed.filter((key) => !settled.final.has(idOf(key)));
  const results = [...kept, ...settled.final.values()];
  return finish({
    snapshotMs,
    totals: addTotals(first.folded, sumTotals(standingStill(results, settled.moving))),
    relayed: sumRelayed(instanceRows, asOfMs),
    truncated,
    checked: { ...first.checked, keys: first.foldedKeys + results.length },
    context,
    partitions,
    differences: settled.differences,
    otherDifferences: [
      ...partitions.flatMap(accountDefects),
      ...(await findIncompleteLedgers(services)),
      ...conflictDefects(context.conflictedIds),
    ],
    unproven: settled.unproven,
    moving: settled.moving,
    unsettled: settled.unsettled,
    deadInstances: instances.dead(first.producers),
    hidden,
    behind: [],
    rawFromMs: rawFrom * 1000,
    beyondRetention: first.beyondRetention,
    stale: await readStaleMinutes(clickhouse, options.window, rawFrom),
    rows: options.all ? minuteRows(results) : [],
  });
}

const finish = (report: Unproven): VerifyReport => ({
  ...report,
  verdict: judge(report),
  provenUntilMs: provenUntil(report, "minutes"),
  hoursProvenUntilMs: provenUntil(report, "hours"),
});

async function targetsOf(services: Services, ranges: readonly PartitionRange[]) {
  const { KAFKA_GROUP_ID: group, KAFKA_EVENTS_TOPIC: topic } = services.config;
  return [{ group, topic, ranges }, await ledgerTarget(services)];
}

type FirstPass = {
  agreed: KeyResult[];
  /** Totals and number of the keys of days that agree as a whole; the keys themselves are not kept. */
  folded: VerifyReport["totals"];
  foldedKeys: number;
  suspects: KeyResult[];
  producers: Set<string>;
  checked: { minutes: number; hours: number; days: number };
  beyondRetention: boolean;
};

/** Looks at every day once. Keys that agree are done: both sides were read after the consumers had caught up. */
async function firstPass(services: Services, options: VerifyOptions, rawFrom: number): Promise<FirstPass> {
  const { clickhouse, io } = services;
  const result: FirstPass = {
    agreed: [],
    folded: sumTotals([]),
    foldedKeys: 0,
    suspects: [],
    producers: new Set(),
    checked: { minutes: 0, hours: 0, days: 0 },
    beyondRetention: false,
  };
  const minutes = new Set<number>();
  const hours = new Set<number>();
  const days = await readDays(clickhouse, options.window);
  for (const [i, day] of days.entries()) {
    if (days.length > 1) io.progress(`comparing day ${i + 1} of ${days.length}: ${formatMinute(day).slice(0, 10)}`);
    const pass = await comparePass(services, dayWindow(day, options.window), rawFrom);
    const agreed = pass.results.filter(agrees);
    const suspects = pass.results.filter((key) => !agrees(key));
    for (const key of pass.results) (key.check === "hour" ? hours : minutes).add(key.bucket);
    result.suspects.push(...suspects);
    if (suspects.length > 0 || options.all) result.agreed.push(...agreed);
    else {
      result.folded = addTotals(result.folded, sumTotals(agreed));
      result.foldedKeys += agreed.length;
    }
    for (const name of pass.producers) result.producers.add(name);
    result.beyondRetention ||= day < rawFrom;
  }
  result.checked = { minutes: minutes.size, hours: hours.size, days: days.length };
  return result;
}

type Settled = Record<"differences" | "unproven" | "moving" | "unsettled", KeyResult[]> & {
  /**
   * The last state of every key that was read again, suspect or not: all sides of a minute are of one reading, so that
   * their sums fit together.
   */
  final: Map<string, KeyResult>;
};

const agrees = (key: KeyResult) => key.outcome === "exact" || key.outcome === "audited";
const idOf = (key: KeyResult) => `${key.check}\0${keyText(key)}`;

/** Looks at disagreeing keys again and again until each agrees, stands still long enough to be real, or keeps moving. */
async function settleSuspects(
  services: Services,
  options: VerifyOptions,
  rawFrom: number,
  suspects: readonly KeyResult[],
  deadlineMs: number,
): Promise<Settled> {
  const { io } = services;
  const { timing } = options;
  const settled: Settled = { differences: [], unproven: [], moving: [], unsettled: [], final: new Map() };
  const settler = createSettler(timing);
  const trust = createTrust();
  let open = new Map(suspects.map((key) => [idOf(key), key]));
  // However long the consumers took, every suspect gets the time to settle.
  const untilMs = Math.max(deadlineMs, io.clock.now() + Math.max(...Object.values(timing.settleMs)) + 5_000);
  while (open.size > 0) {
    if (io.clock.now() >= untilMs || io.signal.aborted) {
      settled.unsettled.push(...open.values());
      break;
    }
    io.progress(`looking again at ${formatCount(open.size)} keys that do not agree yet`);
    await sleep(timing.pollMs, io.signal);
    const next = new Map<string, KeyResult>();
    // A day may leave the retention meanwhile: then its raw events are gone by right.
    const horizon = Math.max(rawFrom, await readRawHorizon(services.clickhouse));
    for (const window of recheckWindows([...open.values()], options.window)) {
      const pass = await comparePass(services, window, horizon, untilMs);
      const now = new Map(pass.results.map((key) => [idOf(key), key]));
      for (const [id, key] of now) settled.final.set(id, key);
      for (const [id, before] of open) {
        if (before.bucket < window.from || before.bucket >= window.to) continue;
        // A key that neither side names any more agrees.
        const key = now.get(id);
        if (key === undefined) continue;
        if (agrees(key)) continue;
        const state = settler.observe(key, io.clock.now(), trust(key, pass));
        if (state === "pending") next.set(id, key);
        else if (state === "moving") settled.moving.push(key);
        else (key.outcome === "different" ? settled.differences : settled.unproven).push(key);
      }
    }
    open = next;
  }
  for (const [id, key] of open) if (!settled.final.has(id)) settled.final.set(id, key);
  for (const list of [settled.differences, settled.unproven, settled.moving, settled.unsettled]) list.sort(byTime);
  return settled;
}

const byTime = (a: KeyResult, b: KeyResult) =>
  a.bucket - b.bucket || a.check.localeCompare(b.check) || a.eventType.localeCompare(b.eventType);

/** Ledger records come once a second; a surplus is judged only after a live instance has written this much later, ms. */
const LEDGER_LAG_MS = 2_000;

/** Whether nothing can lag behind any more for a key: see {@link createSettler}. */
function createTrust(): (key: KeyResult, pass: Pass) => boolean {
  const firstSeen = new Map<string, number>();
  return (key, pass) => {
    if (key.check !== "ledger" || key.found.events < key.expected.events) return true;
    return key.instances.every((instance) => {
      if (pass.instances.stateOf(instance) !== "live") return true;
      const updatedMs = pass.instances.updatedAtMs(instance) ?? 0;
      const id = `${idOf(key)}\0${instance}\0${key.expected.checksum}\0${key.found.checksum}`;
      const first = firstSeen.get(id);
      if (first === undefined) firstSeen.set(id, updatedMs);
      return first !== undefined && updatedMs - first >= LEDGER_LAG_MS;
    });
  };
}

function conflictDefects(ids: number): string[] {
  if (ids === 0) return [];
  return [
    `${formatCount(ids)} event_ids are stored under more than one minute, source or type; see \`ops conflicts list\``,
  ];
}

function emptyReport(snapshotMs: number): Unproven {
  return {
    snapshotMs,
    totals: { produced: 0, storedOfProducers: 0, storedForeign: 0, minutesView: 0, hoursView: 0 },
    relayed: { messages: 0, unknown: 0, open: 0 },
    truncated: [],
    checked: { keys: 0, minutes: 0, hours: 0, days: 0 },
    context: { received: 0, duplicates: 0, redelivered: 0, conflicts: [], conflictedIds: 0, deadLetters: [] },
    partitions: [],
    differences: [],
    otherDifferences: [],
    unproven: [],
    moving: [],
    unsettled: [],
    deadInstances: [],
    hidden: [],
    behind: [],
    rawFromMs: undefined,
    beyondRetention: false,
    stale: undefined,
    rows: [],
  };
}
