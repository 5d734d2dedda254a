import type { FC } from "hono/jsx";
import type { AlertRow } from "../data/alerts.ts";
import type { Level } from "../data/overview.ts";
import { formatCount, formatDuration, safeHref } from "./format.ts";
import { Badge, Downloads, Empty, Heading, Pager, Select, Time } from "./parts.tsx";
import { runbookHref } from "./runbook.tsx";

export type AlertsModel = {
  query: { status: string | undefined };
  rows: AlertRow[];
  total: number;
  page: number;
  limit: number;
  nowMs: number;
};

export const AlertsPage: FC<{ model: AlertsModel }> = ({ model }) => {
  const { query, rows, total, page, limit, nowMs } = model;
  return (
    <>
      <Heading title="Alerts">
        <form class="filters inline" method="get" action="/alerts" data-autosubmit>
          <Select
            name="status"
            label="State"
            value={query.status}
            options={[
              ["", "all"],
              ["firing", "firing"],
              ["resolved", "resolved"],
            ]}
          />
          <noscript>
            <button type="submit">Show</button>
          </noscript>
        </form>
        <Downloads path="/api/v1/alerts" values={query} />
      </Heading>
      {rows.length === 0 ? (
        <Empty title="No alerts">
          Alertmanager has sent none yet. Its webhook is <code>/api/v1/alerts/webhook</code>.
        </Empty>
      ) : (
        <>
          <ul class="cards" id="alert-list">
            {rows.map((alert) => (
              <AlertCard alert={alert} nowMs={nowMs} />
            ))}
          </ul>
          <Pager path="/alerts" values={query} page={page} limit={limit} total={total} />
        </>
      )}
    </>
  );
};

/** The runbook is the console's own page or somebody's address; anything else is no link. */
const localOrSafe = (href: string) => (href.startsWith("/runbook") ? href : safeHref(href));

const levelOf = (alert: AlertRow): Level =>
  alert.status === "resolved" ? "ok" : alert.severity === "critical" ? "bad" : "warn";

const AlertCard: FC<{ alert: AlertRow; nowMs: number }> = ({ alert, nowMs }) => {
  const level = levelOf(alert);
  const { summary = "", description = "", runbook_url: runbook = "", ...annotations } = alert.annotations;
  const { alertname: _, severity: __, ...labels } = alert.labels;
  const runbookLink = localOrSafe(runbookHref(runbook));
  const sourceHref = safeHref(alert.generatorUrl);
  const lasted = (alert.endsAtMs ?? nowMs) - alert.startsAtMs;
  return (
    <li class={`panel card card-${level}`} data-status={alert.status}>
      <div class="panel-head">
        <h2>{alert.alertName === "" ? "(no name)" : alert.alertName}</h2>
        <span class="actions">
          {alert.severity === "" ? undefined : <span class="tag">{alert.severity}</span>}
          <Badge level={level}>{alert.status}</Badge>
        </span>
      </div>
      {summary === "" ? undefined : <p class="summary">{summary}</p>}
      {description === "" ? undefined : <p>{description}</p>}
      <p class="note">
        {alert.status === "firing" ? "firing since " : "fired from "}
        <Time ms={alert.startsAtMs} />
        {alert.endsAtMs === undefined ? undefined : (
          <>
            {" to "}
            <Time ms={alert.endsAtMs} />
          </>
        )}
        {`, ${formatDuration(Math.max(0, lasted))} · ${formatCount(alert.notifications)} ${alert.notifications === 1 ? "notification" : "notifications"}, the last at `}
        <Time ms={alert.lastReceivedMs} />
      </p>
      <p class="labels">
        {[...Object.entries(labels), ...Object.entries(annotations)].map(([name, value]) => (
          <span class="tag">
            {name}={value}
          </span>
        ))}
      </p>
      <p class="actions">
        {runbookLink === undefined ? undefined : (
          <a href={runbookLink} target="_blank" rel="noreferrer">
            Runbook
          </a>
        )}
        {sourceHref === undefined ? undefined : (
          <a href={sourceHref} target="_blank" rel="noreferrer">
            Expression
          </a>
        )}
      </p>
    </li>
  );
};
