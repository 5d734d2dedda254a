import type { FC } from "hono/jsx";
import type { VerificationRun } from "../../shared/clickhouse/tables/verification-runs.ts";
import type { Level } from "../data/overview.ts";
import { PROOF_LAG_MS, type ProofState, parseDetails, type RunDetails, type RunRow } from "../data/verification.ts";
import { formatCount, formatDuration, formatMinute, formatTime } from "./format.ts";
import { indentJson } from "./indent-json.ts";
import { Badge, Downloads, Empty, Heading, Pager, Select, Stat, Table, Time } from "./parts.tsx";

export const VERDICTS: Record<RunRow["verdict"], { level: Level; text: string }> = {
  exact: { level: "ok", text: "exact" },
  different: { level: "bad", text: "different" },
  not_proven: { level: "warn", text: "not proven" },
};

const KINDS: Record<RunRow["kind"], string> = { verify: "Verify", audit: "Audit" };

export type VerificationModel = {
  query: { kind: string | undefined; verdict: string | undefined };
  proof: ProofState | undefined;
  latest: RunRow[];
  rows: RunRow[];
  total: number;
  page: number;
  limit: number;
  nowMs: number;
};

const Verdict: FC<{ verdict: RunRow["verdict"] }> = ({ verdict }) => (
  <Badge level={VERDICTS[verdict].level}>{VERDICTS[verdict].text}</Badge>
);

/** Until when the continuous audit has compared every message. */
export const ProofStat: FC<{ proof: ProofState; nowMs: number; name: string; id?: string }> = ({
  proof,
  nowMs,
  ...named
}) => {
  const { provenUntilMs, shownUntilMs, different, unproven } = proof;
  const time = (ms: number | undefined) =>
    ms === undefined ? "–" : nowMs - ms < 43_200_000 ? formatTime(ms).slice(11) : formatTime(ms);
  const late = provenUntilMs === undefined || nowMs - provenUntilMs > PROOF_LAG_MS;
  const level = different > 0 ? "bad" : late || unproven > 0 ? "warn" : "ok";
  return (
    <Stat {...named} level={level} value={time(provenUntilMs)}>
      {different > 0
        ? `stands at a difference in ${formatCount(different)} partitions`
        : `every message; shown until ${time(shownUntilMs)}`}
      {unproven > 0 && `; ${formatCount(unproven)} offsets could not be compared`}
    </Stat>
  );
};

export const VerificationPage: FC<{ model: VerificationModel }> = ({ model }) => {
  const { query, proof, latest, rows, total, page, limit, nowMs } = model;
  return (
    <>
      <Heading title="Verification">
        <form class="filters inline" method="get" action="/verification" data-autosubmit>
          <Select
            name="kind"
            label="Proof"
            value={query.kind}
            options={[
              ["", "all"],
              ["verify", "verify"],
              ["audit", "audit"],
            ]}
          />
          <Select
            name="verdict"
            label="Verdict"
            value={query.verdict}
            options={[
              ["", "all"],
              ["exact", "exact"],
              ["different", "different"],
              ["not_proven", "not proven"],
            ]}
          />
          <noscript>
            <button type="submit">Show</button>
          </noscript>
        </form>
      </Heading>
      <div class="stats">
        {proof && <ProofStat name="Every message: proven until" proof={proof} nowMs={nowMs} />}
        {latest.map((run) => (
          <Stat
            name={`${KINDS[run.kind]}: proven until`}
            level={VERDICTS[run.verdict].level}
            value={run.provenUntilMs === undefined ? "–" : formatMinute(run.provenUntilMs, nowMs)}
          >
            <a href={`/verification/${run.runId}`}>
              {VERDICTS[run.verdict].text}, {formatDuration(nowMs - run.runAtMs)} ago
            </a>
          </Stat>
        ))}
      </div>
      {rows.length === 0 ? (
        <Empty title="No verification was recorded">
          <code>ops verify --watch</code> keeps proving and writes each result here.
        </Empty>
      ) : (
        <section class="panel">
          <div class="panel-head">
            <h2>Runs</h2>
            <Downloads path="/api/v1/verification/runs" values={query} />
          </div>
          <Table
            id="runs"
            label="Runs of the proofs, newest first"
            head={
              <>
                <th scope="col">Run</th>
                <th scope="col">Proof</th>
                <th scope="col">Verdict</th>
                <th scope="col">Proven until</th>
                {["Checked", "Missing", "Surplus", "Conflicts", "Took"].map((name) => (
                  <th scope="col" class="number">
                    {name}
                  </th>
                ))}
              </>
            }
          >
            {rows.map((run) => (
              <tr>
                <td>
                  <a href={`/verification/${run.runId}`}>
                    <Time ms={run.runAtMs} />
                  </a>
                </td>
                <td>{run.kind}</td>
                <td>
                  <Verdict verdict={run.verdict} />
                </td>
                <td>
                  {run.provenUntilMs === undefined ? (
                    <span class="none">nothing</span>
                  ) : (
                    <Time ms={run.provenUntilMs} />
                  )}
                </td>
                {[run.checkedEvents, run.missing, run.surplus, run.conflicts].map((value) => (
                  <td class="number">{formatCount(value)}</td>
                ))}
                <td class="number">{formatDuration(run.durationMs)}</td>
              </tr>
            ))}
          </Table>
          <Pager path="/verification" values={query} page={page} limit={limit} total={total} />
        </section>
      )}
    </>
  );
};

export const RunPage: FC<{ run: VerificationRun }> = ({ run }) => {
  const details = parseDetails(run.detailsJson);
  return (
    <div class="stack">
      <Heading title={`${KINDS[run.kind]} of ${formatTime(run.runAtMs)}`}>
        <a href="/verification">← All runs</a>
      </Heading>
      <section class={`banner banner-${VERDICTS[run.verdict].level}`}>
        <strong>
          <Verdict verdict={run.verdict} />
        </strong>
        <p>
          {formatCount(run.checkedEvents)} events checked in {formatDuration(run.durationMs)}:{" "}
          {formatCount(run.missing)} missing, {formatCount(run.surplus)} surplus, {formatCount(run.conflicts)}{" "}
          conflicted ids.{" "}
          {run.provenUntilMs === undefined ? "Nothing is proven." : `Proven until ${formatTime(run.provenUntilMs)}.`}
        </p>
      </section>
      {details === undefined ? (
        <p class="note">The report has an unknown form; it is below as it is.</p>
      ) : (
        <Details details={details} />
      )}
      <details class="panel">
        <summary>Report as JSON</summary>
        <pre class="payload">{indentJson(run.detailsJson)}</pre>
      </details>
    </div>
  );
};

const Details: FC<{ details: RunDetails }> = ({ details }) => {
  const defects = details.defect_list ?? [];
  const conflicts = details.conflicts ?? [];
  const texts = details.other_differences ?? [];
  const gaps = (details.partitions ?? []).filter((partition) => partition.missing > 0);
  return (
    <>
      {texts.length > 0 || gaps.length > 0 ? (
        <section class="panel">
          <h2>Offsets and ledgers</h2>
          <ul class="list">
            {texts.map((text) => (
              <li>{text}</li>
            ))}
            {gaps.map((gap) => (
              <li>
                Partition {gap.partition}: {formatCount(gap.missing)} offsets missing
                {gap.missing_ranges.length > 0 ? `, ${JSON.stringify(gap.missing_ranges)}` : ""}
              </li>
            ))}
          </ul>
        </section>
      ) : undefined}
      <Keys title="Differences" rows={details.differences ?? []} />
      <Keys title="Not proven" rows={[...(details.unproven ?? []), ...(details.unsettled ?? [])]} />
      {defects.length > 0 ? (
        <section class="panel">
          <h2>Events</h2>
          <Table
            id="defects"
            label="Events that differ between the topic and the store"
            head={["Defect", "Event id", "Minute", "Group", "Detail"].map((name) => <th scope="col">{name}</th>)}
          >
            {defects.map((defect) => (
              <tr>
                <td>
                  <Badge level="bad">{defect.kind}</Badge>
                </td>
                <td>
                  <a class="mono" href={`/events/${encodeURIComponent(defect.event_id)}`}>
                    {defect.event_id}
                  </a>
                </td>
                <td>{defect.minute ?? ""}</td>
                <td>{defect.group ?? ""}</td>
                <td>{defect.detail ?? ""}</td>
              </tr>
            ))}
          </Table>
        </section>
      ) : undefined}
      {conflicts.length > 0 ? (
        <section class="panel">
          <h2>Conflicted ids</h2>
          <ul class="list">
            {conflicts.map((id) => (
              <li>
                <a class="mono" href={`/events/${encodeURIComponent(id)}`}>
                  {id}
                </a>
              </li>
            ))}
          </ul>
        </section>
      ) : undefined}
    </>
  );
};

const Keys: FC<{ title: string; rows: NonNullable<RunDetails["differences"]> }> = ({ title, rows }) =>
  rows.length === 0 ? null : (
    <section class="panel">
      <h2>{title}</h2>
      <Table
        label={title}
        head={
          <>
            {["Check", "Time", "Source", "Type", "Outcome"].map((name) => (
              <th scope="col">{name}</th>
            ))}
            <th scope="col" class="number">
              Expected
            </th>
            <th scope="col" class="number">
              Found
            </th>
          </>
        }
      >
        {rows.map((row) => (
          <tr>
            <td>{row.check}</td>
            <td>{row.time ?? ""}</td>
            <td>{row.source}</td>
            <td>{row.event_type}</td>
            <td>{row.outcome}</td>
            <td class="number">{formatCount(row.expected.events)}</td>
            <td class="number">{formatCount(row.found.events)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
