import type { FC } from "hono/jsx";
import type { Comparison } from "../data/compare-counts.ts";
import type { Grouping, LiveRow } from "../data/live.ts";
import type { Level } from "../data/overview.ts";
import { formatCount, formatMinute, queryString } from "./format.ts";
import type { LiveModel } from "./live-model.ts";
import { Badge, Downloads, Table } from "./parts.tsx";

const COMPARED: Record<Comparison, { level: Level; text: string }> = {
  equal: { level: "ok", text: "equal" },
  in_flight: { level: "idle", text: "in flight" },
  unknown: { level: "warn", text: "unknown sends" },
  no_raw: { level: "idle", text: "not compared" },
  different: { level: "bad", text: "different" },
};

/** The table of minutes: one page of the range. */
export const Minutes: FC<{ model: LiveModel }> = ({ model }) => {
  const { query, rows, pageMinutes, overview } = model;
  const pages = Math.max(1, Math.ceil(query.minutes / pageMinutes));
  const values = { minutes: query.minutes, by: query.by, source: query.source };
  const link = (page: number) => `/${queryString({ ...values, page: page === 1 ? undefined : page })}`;
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Per minute</h2>
        <Downloads path="/api/v1/live/minutes" values={values} />
      </div>
      <Table
        id="minutes"
        label="Events per minute: produced, stored and shown"
        head={
          <>
            <th scope="col">Minute</th>
            {query.by === "total" ? undefined : <th scope="col">Source</th>}
            {query.by === "type" ? <th scope="col">Type</th> : undefined}
            <th scope="col" class="number">
              Produced
            </th>
            <th scope="col" class="number">
              Stored
            </th>
            <th scope="col" class="number">
              Shown
            </th>
            <th scope="col" class="number">
              Late
            </th>
            <th scope="col">Compared</th>
          </>
        }
      >
        {rows.map((row) => (
          <MinuteRow row={row} by={query.by} nowMs={overview.nowMs} />
        ))}
      </Table>
      {rows.length === 0 ? <p class="note">No events in this part of the range.</p> : undefined}
      {pages > 1 ? (
        <nav class="pager" aria-label="Parts of the range">
          {query.page > 1 ? <a href={link(query.page - 1)}>← Newer</a> : <span />}
          <span>
            Page {query.page} of {formatCount(pages)}
          </span>
          {query.page < pages ? <a href={link(query.page + 1)}>Older →</a> : <span />}
        </nav>
      ) : undefined}
    </section>
  );
};

const MinuteRow: FC<{ row: LiveRow; by: Grouping; nowMs: number }> = ({ row, by, nowMs }) => {
  const { level, text } = COMPARED[row.comparison];
  return (
    <tr>
      <td>
        <time datetime={new Date(row.minuteMs).toISOString()}>{formatMinute(row.minuteMs, nowMs)}</time>
      </td>
      {by === "total" ? undefined : <td>{row.source}</td>}
      {by === "type" ? <td>{row.eventType}</td> : undefined}
      <td class="number">{formatCount(row.produced)}</td>
      <td class="number">{row.stored === undefined ? "–" : formatCount(row.stored)}</td>
      <td class="number">{formatCount(row.shown)}</td>
      <td class="number">{formatCount(row.lateEvents)}</td>
      <td>
        <Badge level={level}>{text}</Badge>
      </td>
    </tr>
  );
};
