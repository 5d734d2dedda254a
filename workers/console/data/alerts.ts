import { z } from "zod";
import type { ReceivedAlert } from "../../shared/clickhouse/tables/received-alerts.ts";
import type { Reads } from "./reads.ts";

const MAX_TEXT = 4_096;
const text = () => z.string().max(MAX_TEXT);
const texts = () => z.record(text(), text()).refine((map) => Object.keys(map).length <= 100, "more than 100 entries");

/** The body of Alertmanager's webhook (version 4); unknown fields are ignored. */
export const webhookSchema = z.object({
  version: z.string().optional(),
  groupKey: text().default(""),
  receiver: text().default(""),
  alerts: z
    .array(
      z.object({
        status: z.enum(["firing", "resolved"]),
        labels: texts(),
        annotations: texts().default({}),
        startsAt: z.iso.datetime({ offset: true }),
        endsAt: z.iso.datetime({ offset: true }).optional(),
        generatorURL: text().default(""),
        fingerprint: z.string().min(1).max(128),
      }),
    )
    .max(1_000),
});
export type WebhookBody = z.output<typeof webhookSchema>;

/** The alerts of a notification as rows. While an alert fires, Alertmanager sends the year 1 or a future time as its end. */
export function toReceivedAlerts(body: WebhookBody, nowMs: number): ReceivedAlert[] {
  return body.alerts.map((alert) => ({
    receivedAtMs: nowMs,
    fingerprint: alert.fingerprint,
    status: alert.status,
    alertName: alert.labels.alertname ?? "",
    severity: alert.labels.severity ?? "",
    startsAtMs: clampTime(Date.parse(alert.startsAt)),
    endsAtMs:
      alert.status === "resolved" && alert.endsAt !== undefined ? clampTime(Date.parse(alert.endsAt)) : undefined,
    labels: alert.labels,
    annotations: alert.annotations,
    generatorUrl: alert.generatorURL,
    receiver: body.receiver,
    groupKey: body.groupKey,
  }));
}

/** Into what DateTime64 holds. */
const clampTime = (ms: number) => Math.min(Math.max(ms, 0), Date.UTC(2200, 0));

/** An alert in its newest state. Times are Unix ms. */
export type AlertRow = {
  fingerprint: string;
  status: "firing" | "resolved";
  alertName: string;
  severity: string;
  startsAtMs: number;
  endsAtMs: number | undefined;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  generatorUrl: string;
  firstReceivedMs: number;
  lastReceivedMs: number;
  notifications: number;
};

type Raw = {
  fingerprint: string;
  status: AlertRow["status"];
  alert_name: string;
  severity: string;
  starts: string;
  ends: string | null;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  generator_url: string;
  first: string;
  last: string;
  notifications: string;
};

/** One page of alerts: firing before resolved, then the newest; and how many there are. */
export async function listAlerts(
  reads: Reads,
  filter: { status?: string | undefined },
  page: { limit: number; skip: number },
): Promise<{ rows: AlertRow[]; total: number }> {
  const where = filter.status === undefined ? "1" : "status = {status:String}";
  const params = filter.status === undefined ? {} : { status: filter.status };
  const [rows, [count]] = await Promise.all([
    reads.rows<Raw>(
      "alerts_list",
      `SELECT fingerprint, status, alert_name, severity, toUnixTimestamp64Milli(starts_at) AS starts,
         toUnixTimestamp64Milli(ends_at) AS ends, labels, annotations, generator_url,
         toUnixTimestamp64Milli(first_received_at) AS first, toUnixTimestamp64Milli(last_received_at) AS last, notifications
       FROM alerts WHERE ${where}
       ORDER BY status = 'firing' DESC, starts_at DESC, fingerprint LIMIT {limit:UInt64} OFFSET {skip:UInt64}`,
      { ...params, ...page },
    ),
    reads.rows<{ n: string }>("alerts_count", `SELECT count() AS n FROM alerts WHERE ${where}`, params),
  ]);
  return { rows: rows.map(toAlert), total: Number(count?.n ?? 0) };
}

const toAlert = (row: Raw): AlertRow => ({
  fingerprint: row.fingerprint,
  status: row.status,
  alertName: row.alert_name,
  severity: row.severity,
  startsAtMs: Number(row.starts),
  endsAtMs: row.ends === null ? undefined : Number(row.ends),
  labels: row.labels,
  annotations: row.annotations,
  generatorUrl: row.generator_url,
  firstReceivedMs: Number(row.first),
  lastReceivedMs: Number(row.last),
  notifications: Number(row.notifications),
});
