import type { EncodedRows } from "./events-raw.ts";
import { dateTime64, encodeJsonRows } from "./json-rows.ts";

/** One alert of one notification. Times are Unix milliseconds. */
export type ReceivedAlert = {
  receivedAtMs: number;
  /** Alertmanager's hash of the labels. */
  fingerprint: string;
  status: "firing" | "resolved";
  alertName: string;
  severity: string;
  startsAtMs: number;
  /** Undefined while it fires. */
  endsAtMs: number | undefined;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  generatorUrl: string;
  receiver: string;
  groupKey: string;
};

export const RECEIVED_ALERTS_TABLE = "received_alerts";
export const RECEIVED_ALERTS_COLUMNS = [
  "received_at",
  "fingerprint",
  "status",
  "alert_name",
  "severity",
  "starts_at",
  "ends_at",
  "labels",
  "annotations",
  "generator_url",
  "receiver",
  "group_key",
] as const;

/** Encodes rows for an insert into received_alerts. */
export function encodeReceivedAlerts(alerts: Iterable<ReceivedAlert>): EncodedRows {
  return encodeJsonRows(
    [...alerts].map((alert) => ({
      received_at: dateTime64(alert.receivedAtMs),
      fingerprint: alert.fingerprint,
      status: alert.status,
      alert_name: alert.alertName,
      severity: alert.severity,
      starts_at: dateTime64(alert.startsAtMs),
      ends_at: dateTime64(alert.endsAtMs),
      labels: alert.labels,
      annotations: alert.annotations,
      generator_url: alert.generatorUrl,
      receiver: alert.receiver,
      group_key: alert.groupKey,
    })),
  );
}
