import { fetchTopicRanges, type TopicRange } from "../../shared/kafka/topic-reader.ts";
import type { Judge } from "../audit/contract.ts";
import type { Services } from "../cli/services.ts";
import { committedOffsets } from "../verify/catch-up.ts";
import { compareSlices, type SliceFindings } from "./compare-slice.ts";
import { compareOpen, hourOf } from "./open-minutes.ts";
import { type Progress, startAt } from "./progress.ts";
import { readSlice, type Slice } from "./read-slice.ts";

/** Compared in a step, offsets of all partitions together, unless said otherwise; some 250 bytes of memory each. */
const STEP_OFFSETS = 20_000;
/** With so many minutes open, views are behind: reading on would only make the list longer. */
const MAX_OPEN_MINUTES = 20_000;
/** A difference counts when it is found again after this time, ms. */
const SETTLE_MS = 10_000;

export type StepOptions = {
  settleMs?: number;
  /** At most so many offsets of all partitions together: bounds memory, and what is done again after a crash. */
  stepOffsets?: number;
};

/** What one step did. */
export type StepReport = {
  /** Offsets compared. */
  offsets: number;
  /** Committed by the consumers and not compared yet. */
  behind: number;
  /** Topics created anew, retention that came first: for the log. */
  notes: string[];
};

/** The continuous audit of one topic, in memory: what is proven, and differences that are not settled yet. */
export type Proof = {
  partitions: Map<number, Progress>;
  /** Since when a difference has been seen, Unix ms, by what identifies it. */
  suspects: Map<string, number>;
};

/**
 * One step of the continuous audit: compares the next offsets of the partitions, as far as the consumers have committed
 * them, then the minutes and hours that are open. Changes `proof` only by what was compared as a whole; whoever calls it
 * saves the result.
 */
export async function proveStep(
  services: Services,
  judge: Judge,
  proof: Proof,
  { settleMs = SETTLE_MS, stepOffsets = STEP_OFFSETS }: StepOptions = {},
): Promise<StepReport> {
  const { config, admin, io } = services;
  const topic = config.KAFKA_EVENTS_TOPIC;
  const report: StepReport = { offsets: 0, behind: 0, notes: [] };
  // Before the ends are asked for: everything appended by then lies before them.
  const nowMs = io.clock.now();
  const ranges = await fetchTopicRanges(admin, topic);
  const committed = await committedOffsets(services, { group: config.KAFKA_GROUP_ID, topic });
  const backlogs: Backlog[] = [];
  for (const range of ranges) {
    const position = committed.get(range.partition);
    const state = startOver(align(proof.partitions.get(range.partition), range, report), position, report);
    proof.partitions.set(range.partition, state);
    const target = Math.min(range.stable, position ?? range.from);
    report.behind += Math.max(0, target - state.next);
    backlogs.push({ state, range, target });
  }
  const mayRead = openMinutes(proof) <= MAX_OPEN_MINUTES;
  const seen = new Set<string>();
  const step = { services, judge, proof, nowMs, settleMs, report, seen };
  for (const { state, range, target } of backlogs) {
    if (mayRead && target > state.next) continue;
    const atEnd =
      state.next >= range.end || (target <= state.next && (await onlyMarkers(services, topic, state.next, range)));
    if (atEnd && state.difference === "") state.provenUntilMs = nowMs;
  }
  if (mayRead) await proveSlices(step, shareOut(backlogs, stepOffsets));
  await proveOpen(services, proof, settleMs, seen);
  for (const id of proof.suspects.keys()) if (!seen.has(id)) proof.suspects.delete(id);
  return report;
}

/** What consumers have committed of a partition and nobody has compared: from `state.next` up to `target`. */
type Backlog = { state: Progress; range: TopicRange; target: number };
type Planned = Backlog & { to: number };

/** Shares a number of offsets out among the partitions: what one does not need is left to those with more. */
export function shareOut<B extends { state: { next: number }; target: number }>(
  backlogs: readonly B[],
  offsets: number,
): (B & { to: number })[] {
  const waiting = backlogs.filter(({ state, target }) => target > state.next);
  waiting.sort((a, b) => a.target - a.state.next - (b.target - b.state.next));
  let left = offsets;
  return waiting.map((one, i) => {
    const share = Math.max(1, Math.floor(left / (waiting.length - i)));
    const to = Math.min(one.target, one.state.next + share);
    left -= to - one.state.next;
    return { ...one, to };
  });
}

/** What is known of a partition, made to fit what the topic holds now. */
function align(known: Progress | undefined, { partition, from, end }: TopicRange, report: StepReport): Progress {
  if (known === undefined) return startAt(partition, from);
  if (known.next > end) {
    report.notes.push(
      `partition ${partition} ends before the last proof: the topic was created anew, the proof starts over`,
    );
    return { ...startAt(partition, from), version: known.version };
  }
  if (known.next < from) {
    report.notes.push(
      `partition ${partition}: retention deleted offsets ${known.next}-${from - 1} before they were compared`,
    );
    return { ...known, first: from, next: from, anchor: undefined, unproven: known.unproven + from - known.next };
  }
  return known;
}

/** After a rewind the store need not have what it had: whoever went back to read again may have lost it. */
function startOver(known: Progress, committed: number | undefined, report: StepReport): Progress {
  if (committed === undefined || committed >= known.next) return known;
  const { partition, next, first } = known;
  report.notes.push(
    `partition ${partition}: the group was moved back from ${next} to ${committed}, which is proven again`,
  );
  return { ...known, first: Math.min(first, committed), next: committed, anchor: undefined, provenUntilMs: undefined };
}

type Step = {
  services: Services;
  judge: Judge;
  proof: Proof;
  nowMs: number;
  settleMs: number;
  report: StepReport;
  seen: Set<string>;
};

async function proveSlices(step: Step, planned: readonly Planned[]): Promise<void> {
  const { services, judge, proof, report } = step;
  const read: { plan: Planned; slice: Slice }[] = [];
  for (const plan of planned) {
    const { state, range, to } = plan;
    const anchor = state.anchor !== undefined && state.anchor.offset >= range.from ? state.anchor : undefined;
    const slice = await readSlice(services, judge, { partition: range.partition, from: state.next, to }, anchor);
    if (slice.sameTopic) {
      read.push({ plan, slice });
      continue;
    }
    report.notes.push(`partition ${range.partition} holds other messages than before: the topic was created anew`);
    proof.partitions.set(range.partition, { ...startAt(range.partition, range.from), version: state.version });
  }
  const slices = read.map(({ slice }) => slice);
  const findings = await compareSlices(services.clickhouse, services.config.KAFKA_EVENTS_TOPIC, slices);
  for (const [i, found] of findings.entries()) {
    const one = read[i];
    if (one !== undefined) noteFindings(step, one.plan, one.slice, found);
  }
}

function noteFindings(step: Step, planned: Planned, slice: Slice, found: SliceFindings): void {
  const { state, range, to } = planned;
  const { services, proof, report, seen, settleMs } = step;
  const { defects, minutes, unproven } = found;
  if (defects.length > 0) {
    const id = `slice ${range.partition} ${state.next}`;
    seen.add(id);
    if (isSettled(proof, id, services.io.clock.now(), settleMs)) state.difference = defects.join("\n");
    return;
  }
  report.offsets += to - state.next;
  report.behind -= to - state.next;
  state.difference = "";
  state.next = to;
  if (unproven > 0) state.first = to;
  state.unproven += unproven;
  state.anchor = slice.anchor;
  state.provenUntilMs = to >= range.end ? step.nowMs : (slice.appended?.lastMs ?? state.provenUntilMs);
  for (const minute of minutes) {
    state.openMinutes.add(minute);
    state.openHours.add(hourOf(minute));
  }
}

/** Behind the last message there may be markers, which nobody need commit. */
const MAX_MARKERS = 100;

/** Whether nothing but markers and aborted messages lies between an offset and the end of a partition. */
async function onlyMarkers({ log }: Services, topic: string, from: number, range: TopicRange): Promise<boolean> {
  const { partition, end, stable } = range;
  if (stable < end || end - from > MAX_MARKERS) return false;
  let only = true;
  await log.read(
    topic,
    { partition, from, end },
    {
      onMessages: () => {
        only = false;
      },
      onGap: ({ kind }) => {
        only &&= kind === "transaction";
      },
    },
  );
  return only;
}

const openMinutes = ({ partitions }: Proof) =>
  [...partitions.values()].reduce((most, { openMinutes }) => Math.max(most, openMinutes.size), 0);

async function proveOpen(
  { clickhouse, io }: Services,
  proof: Proof,
  settleMs: number,
  seen: Set<string>,
): Promise<void> {
  const states = [...proof.partitions.values()];
  const minutes = new Set(states.flatMap((state) => [...state.openMinutes]));
  const hours = new Set(states.flatMap((state) => [...state.openHours]));
  const found = await compareOpen(clickhouse, { minutes, hours });
  const settled: string[] = [];
  for (const [id, text] of found.different) {
    seen.add(id);
    if (isSettled(proof, id, io.clock.now(), settleMs)) settled.push(text);
  }
  for (const state of states) {
    for (const minute of found.doneMinutes) state.openMinutes.delete(minute);
    for (const hour of found.doneHours) state.openHours.delete(hour);
    // Of slices it stays until they agree; of minutes and hours it is told anew each time.
    const ofSlice = state.difference.split("\n").filter((line) => /^\d+\/\d+: /.test(line));
    state.difference = [...ofSlice, ...settled].join("\n");
  }
}

function isSettled({ suspects }: Proof, id: string, nowMs: number, settleMs: number): boolean {
  const sinceMs = suspects.get(id) ?? nowMs;
  suspects.set(id, sinceMs);
  return nowMs - sinceMs >= settleMs;
}

/** Until when (Unix ms) everything appended is compared in all partitions, and is shown; undefined: nothing is. */
export function provenUntilOf(progress: Iterable<Progress>): {
  storedMs: number | undefined;
  shownMs: number | undefined;
} {
  let storedMs: number | undefined;
  let shownMs: number | undefined;
  for (const { provenUntilMs, openMinutes } of progress) {
    if (provenUntilMs === undefined) return { storedMs: undefined, shownMs: undefined };
    storedMs = Math.min(storedMs ?? provenUntilMs, provenUntilMs);
    const open = Math.min(...openMinutes) * 1000;
    shownMs = Math.min(shownMs ?? provenUntilMs, provenUntilMs, open);
  }
  return { storedMs, shownMs };
}
