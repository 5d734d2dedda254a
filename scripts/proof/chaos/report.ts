import type { Column, ReportForm, Result } from "../report.ts";

/** What was measured of one scenario. */
export type ChaosData = {
  /** The faults that were really injected. */
  readonly faults: string;
  readonly events: number;
  readonly lost: number;
  readonly doubled: number;
  readonly dead_letters: number;
  /** From the end of the faults until all that was in the topic then was stored and committed, seconds. */
  readonly recovery_s: number;
};

/** Of a scenario that did not get as far as being counted. */
export const NOTHING: ChaosData = { faults: "", events: 0, lost: 0, doubled: 0, dead_letters: 0, recovery_s: 0 };

/** The columns of the table. */
export const COLUMNS: readonly Column<ChaosData>[] = [
  { title: "scenario", of: ({ name }) => name },
  { title: "faults injected", of: ({ data }) => data.faults },
  { title: "events", number: true, of: ({ data }) => String(data.events) },
  { title: "lost", number: true, of: ({ data }) => String(data.lost) },
  { title: "doubled", number: true, of: ({ data }) => String(data.doubled) },
  { title: "dead-lettered", number: true, of: ({ data }) => String(data.dead_letters) },
  { title: "recovery s", number: true, of: ({ data }) => data.recovery_s.toFixed(1) },
  { title: "verdict", of: ({ problems }) => (problems.length === 0 ? "ok" : "FAILED") },
];

/** What docs/chaos-report.md says besides the figures. */
export const CHAOS_REPORT: ReportForm<ChaosData> & { readonly nothing: ChaosData } = {
  name: "chaos",
  title: "Chaos report",
  noun: "scenarios",
  columns: COLUMNS,
  nothing: NOTHING,
  listCases: true,
  summary: (results: readonly Result<ChaosData>[]) => {
    const sum = (pick: (data: ChaosData) => number) => results.reduce((total, { data }) => total + pick(data), 0);
    return `${sum(({ events }) => events)} events, ${sum(({ lost }) => lost)} lost, ${sum(({ doubled }) => doubled)} counted twice`;
  },
  explanation: `Every scenario runs on a real broker, a real ClickHouse engine and the compiled workers, under load with late events,
duplicates and malformed messages. One oracle judges all: \`ops verify --audit\` reads the topic itself and compares it with
the store event by event, \`ops verify\` compares the producers' ledger, events, minutes and hours, and accounts for every
offset and dead letter. Where the topic itself loses messages the truth is the runner's own list of what it sent; the
expected verdict then is that exactly this loss is reported, and \`lost\` counts what went unreported. *recovery s* is the time
from the end of the faults until everything appended by then was stored and committed.`,
};
