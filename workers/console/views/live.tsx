import type { Child, FC } from "hono/jsx";
import { SOURCES } from "../../shared/event/index.ts";
import type { Level, Overview } from "../data/overview.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMinute,
  formatShare,
  formatTime,
  queryString,
} from "./format.ts";
import type { LiveModel, LiveQuery } from "./live-model.ts";
import { Minutes } from "./minutes.tsx";
import { Badge, Chart, Empty, Heading, Polled, Select, Stat } from "./parts.tsx";
import { ProofStat, VERDICTS } from "./verification.tsx";

const RANGES = [
  ["15", "15 minutes"],
  ["60", "1 hour"],
  ["360", "6 hours"],
  ["1440", "1 day"],
  ["10080", "7 days"],
] as const;

const HEADLINES: Record<Level, string> = {
  ok: "Everything is as it should be",
  warn: "Something needs a look",
  bad: "Something is wrong",
  idle: "No event was stored yet",
};

/** The frame that stays; its content is refreshed in place. */
export const LivePage: FC<{ query: LiveQuery; children?: Child }> = ({ query, children }) => {
  const values = { minutes: query.minutes, by: query.by, source: query.source, page: query.page };
  // Counting a week of events every few seconds would be a load of its own.
  const seconds = query.minutes <= 60 ? 3 : query.minutes <= 360 ? 10 : 60;
  return (
    <>
      <Heading title="Live">
        <form class="filters inline" method="get" action="/" data-autosubmit>
          <Select name="minutes" label="Range" value={String(query.minutes)} options={RANGES} />
          <Select
            name="by"
            label="By"
            value={query.by}
            options={[
              ["total", "minute"],
              ["source", "source"],
              ["type", "source and type"],
            ]}
          />
          <Select
            name="source"
            label="Source"
            value={query.source}
            options={[["", "all"], ...SOURCES.map((source) => [source, source] as const)]}
          />
          <noscript>
            <button type="submit">Show</button>
          </noscript>
        </form>
      </Heading>
      <Polled id="live" href={`/${queryString(values)}`} seconds={seconds}>
        {children}
      </Polled>
    </>
  );
};

export const LiveContent: FC<{ model: LiveModel }> = ({ model }) => {
  const { query, overview, totals, rows } = model;
  const differing = rows.filter((row) => row.comparison === "different").length;
  const level = differing > 0 ? "bad" : overview.level;
  return (
    <>
      <Status overview={overview} level={level} differing={differing} />
      <Figures model={model} />
      <div class="charts">
        <Chart
          id="chart-counts"
          kind="counts"
          src={`/api/v1/live/series?minutes=${query.minutes}`}
          title="Events per minute: produced and shown"
        />
        <Chart
          id="chart-sources"
          kind="sources"
          src={`/api/v1/live/series?minutes=${query.minutes}`}
          title="Events per minute by source"
        />
      </div>
      {totals.produced + totals.shown + (totals.stored ?? 0) === 0 && rows.length === 0 ? (
        <Empty title="No events in this range">
          Start a producer (<code>make up</code> runs one), or choose a longer range.
        </Empty>
      ) : (
        <Minutes model={model} />
      )}
    </>
  );
};

const Status: FC<{ overview: Overview; level: Level; differing: number }> = ({ overview, level, differing }) => (
  <section class={`banner banner-${level}`} role="status" id="status" data-level={level}>
    <strong>
      <Badge level={level}>{HEADLINES[level]}</Badge>
    </strong>
    <span class="banner-time">
      as of <time datetime={new Date(overview.nowMs).toISOString()}>{formatTime(overview.nowMs)}</time>
    </span>
    {overview.findings.length + differing > 0 ? (
      <ul>
        {differing > 0 ? (
          <li>
            {formatCount(differing)} rows of the table differ: run <code>ops verify</code> to learn what and why
          </li>
        ) : undefined}
        {overview.findings.map((finding) => (
          <li>
            <a href={finding.href}>{finding.text}</a>
          </li>
        ))}
      </ul>
    ) : undefined}
  </section>
);

const Figures: FC<{ model: LiveModel }> = ({ model: { query, overview, totals, freshnessLimits } }) => {
  const { freshness, lag, backlog, nowMs } = overview;
  // The topic is the same for all sources.
  const appended =
    lag && "appended" in lag && query.source === undefined ? lag.appended?.get(query.minutes) : undefined;
  const age = freshness.ageMs === undefined ? undefined : freshness.ageMs / 1000;
  const freshLevel =
    age === undefined ? "idle" : age < freshnessLimits.warn ? "ok" : age < freshnessLimits.bad ? "warn" : "bad";
  return (
    <div class="stats">
      <Stat name="Produced" id="produced" value={appended === undefined ? "–" : formatCount(appended)}>
        {query.source !== undefined
          ? "Kafka knows no sources"
          : appended === undefined
            ? "Kafka does not answer"
            : "messages appended to Kafka, whoever reads them"}
      </Stat>
      <Stat name="Acknowledged" id="acknowledged" value={formatCount(totals.produced)}>
        by the producers' ledger, as far as consumers have copied it
        {totals.unknown > 0 ? `; ${formatCount(totals.unknown)} unknown` : ""}
      </Stat>
      <Stat name="Stored" id="stored" value={totals.stored === undefined ? "–" : formatCount(totals.stored)}>
        {totals.stored === undefined || totals.storedOfLedger === undefined
          ? "not counted over this range"
          : `of these ${formatCount(totals.stored - totals.storedOfLedger)} without a ledger`}
      </Stat>
      <Stat name="Shown" id="shown" value={formatCount(totals.shown)}>
        by the view · {formatBytes(totals.sizeBytes)}
      </Stat>
      <Stat
        name="Freshness"
        id="freshness"
        level={freshLevel}
        value={freshness.ageMs === undefined ? "–" : formatDuration(freshness.ageMs)}
      >
        {freshness.newestEventMs === undefined
          ? "no event yet"
          : `newest event ${formatTime(freshness.newestEventMs).slice(11)}`}
      </Stat>
      <Stat
        name="Latency, median"
        id="latency"
        value={freshness.latencyMs === undefined ? "–" : formatDuration(freshness.latencyMs.p50)}
      >
        {freshness.latencyMs === undefined
          ? "no event in five minutes"
          : `p95 ${formatDuration(freshness.latencyMs.p95)} · p99 ${formatDuration(freshness.latencyMs.p99)}`}
      </Stat>
      <Stat name="Late" id="late" value={formatCount(totals.lateEvents)}>
        {formatShare(totals.lateEvents, totals.shown)} of the events shown
      </Stat>
      <Stat
        name="Lag"
        id="lag"
        value={lag && "messages" in lag ? formatCount(lag.messages) : "–"}
        {...(lag && "error" in lag ? { level: "warn" as const } : {})}
      >
        {lag === undefined
          ? "asking Kafka"
          : "messages" in lag
            ? "messages not yet committed"
            : "Kafka does not answer"}
      </Stat>
      <Proven overview={overview} nowMs={nowMs} />
      <Stat
        name="Dead letters"
        id="dead-letters"
        value={formatCount(backlog.deadLettersHour)}
        {...(backlog.deadLettersHour > 0 ? { level: "warn" as const } : {})}
      >
        <a href="/dead-letters">in the last hour; {formatCount(backlog.deadLettersOpen)} open</a>
      </Stat>
      <Stat
        name="Alerts"
        id="alerts"
        value={formatCount(backlog.firingAlerts)}
        {...(backlog.firingAlerts === 0
          ? {}
          : { level: backlog.firingCritical > 0 ? ("bad" as const) : ("warn" as const) })}
      >
        <a href="/alerts">firing now</a>
      </Stat>
    </div>
  );
};

const Proven: FC<{ overview: Overview; nowMs: number }> = ({ overview: { runs, lastProvenMs, proof }, nowMs }) => {
  // Where no continuous audit runs, the last verification says how far all is proven.
  if (proof !== undefined) return <ProofStat name="Proven until" id="proven" proof={proof} nowMs={nowMs} />;
  const run = runs.find(({ kind }) => kind === "verify");
  if (run === undefined) {
    return (
      <Stat name="Proven until" id="proven" value="–" level="idle">
        no verification was recorded yet
      </Stat>
    );
  }
  const verdict = VERDICTS[run.verdict];
  return (
    <Stat
      name="Proven until"
      id="proven"
      level={verdict.level}
      value={lastProvenMs === undefined ? "–" : formatMinute(lastProvenMs, nowMs)}
    >
      <a href={`/verification/${run.runId}`}>
        {verdict.text}, {formatDuration(nowMs - run.runAtMs)} ago
      </a>
    </Stat>
  );
};
