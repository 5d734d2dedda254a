import type { DashboardSpec, PanelSpec } from "./panels.ts";

/** Exact figures by SQL, from the views; `$__timeFilter` is a macro of Grafana's ClickHouse plugin. */
const perHour = (columns: string) =>
  `SELECT event_hour AS time, ${columns} FROM business_per_hour WHERE $__timeFilter(event_hour) ORDER BY time`;
const money = (column: string) =>
  `SELECT event_hour AS time, currency, toFloat64(${column}) AS amount FROM revenue_per_hour WHERE $__timeFilter(event_hour) ORDER BY time, currency`;
const rolling = (columns: string) =>
  `SELECT window_end AS time, ${columns} FROM business_rolling_24h WHERE $__timeFilter(window_end) ORDER BY time`;

const hours: PanelSpec[] = [
  {
    title: "Revenue per hour",
    description: "Tickets sold, by currency, in the hour of the event. The current hour is not over.",
    unit: "short",
    sql: money("revenue"),
  },
  {
    title: "Payouts per hour",
    description: "Rewards claimed, by currency, in the hour of the claim.",
    unit: "short",
    sql: money("payouts"),
  },
  {
    title: "Revenue less payouts",
    description: "What remains per hour and currency; below 0 more was paid out than sold.",
    unit: "short",
    sql: money("revenue - payouts"),
  },
  {
    title: "Tickets and rewards",
    description: "Tickets purchased and rewards claimed per hour.",
    unit: "short",
    sql: perHour("toFloat64(tickets) AS tickets, toFloat64(rewards) AS rewards"),
  },
  {
    title: "Users",
    description: "Distinct users per hour; not to be added up over hours.",
    unit: "short",
    sql: perHour("toFloat64(unique_users) AS users"),
  },
  {
    title: "Logins and new sessions",
    description: "Logins, and sessions that began with one, per hour.",
    unit: "short",
    sql: perHour("toFloat64(logins) AS logins, toFloat64(new_sessions) AS sessions"),
  },
];

const windows: PanelSpec[] = [
  {
    title: "Users of the last 24 hours",
    description: "Distinct users in the 24 hours that end at each point; a user of two hours is one user.",
    unit: "short",
    sql: rolling("toFloat64(unique_users) AS users, toFloat64(new_sessions) AS sessions"),
  },
  {
    title: "Tickets and rewards of the last 24 hours",
    description: "Sums over the 24 hours that end at each point.",
    unit: "short",
    sql: rolling("toFloat64(tickets) AS tickets, toFloat64(rewards) AS rewards"),
  },
  {
    title: "Days",
    description: "Summary of each day (UTC), newest first. Money by currency.",
    unit: "short",
    kind: "table",
    sql: "SELECT event_date AS day, toString(revenue) AS revenue, toString(payouts) AS payouts, tickets, rewards, logins, unique_users AS users, new_sessions AS sessions FROM business_daily WHERE $__timeFilter(event_date) ORDER BY day DESC LIMIT 100",
  },
];

const events: PanelSpec[] = [
  {
    title: "Events per hour by source",
    description: "Exact counts: each event once, in the hour of its event time.",
    unit: "short",
    sql: "SELECT event_hour AS time, toString(source) AS source, toFloat64(sum(events)) AS count FROM events_per_hour WHERE $__timeFilter(event_hour) GROUP BY event_hour, source ORDER BY time, source",
  },
  {
    title: "Events per minute by type",
    description: "Exact counts: each event once, in the minute of its event time. The last minute still fills.",
    unit: "short",
    sql: "SELECT event_minute AS time, toString(event_type) AS type, toFloat64(sum(events)) AS count FROM events_per_minute WHERE $__timeFilter(event_minute) GROUP BY event_minute, event_type ORDER BY time, type",
  },
  {
    title: "Late share",
    description: "Share of each hour's events that came late. A tenth is what the simulation is set to.",
    unit: "percentunit",
    sql: "SELECT event_hour AS time, sum(late_events) / sum(events) AS late FROM events_per_hour WHERE $__timeFilter(event_hour) GROUP BY event_hour ORDER BY time",
  },
  {
    title: "Size per hour",
    description: "Bytes of the events of each hour, by source.",
    unit: "bytes",
    sql: "SELECT event_hour AS time, toString(source) AS source, toFloat64(sum(size_bytes)) AS bytes FROM events_per_hour WHERE $__timeFilter(event_hour) GROUP BY event_hour, source ORDER BY time, source",
  },
  {
    title: "Duplicates per minute",
    description: "Copies received beyond the first, and rows delivered again; none of them is counted.",
    unit: "short",
    sql: "SELECT event_minute AS time, toFloat64(duplicates) AS copies, toFloat64(redelivered) AS again FROM duplicates_per_minute WHERE $__timeFilter(event_minute) ORDER BY time",
  },
  {
    title: "Dead letters",
    description: "Refused messages by class in the time range.",
    unit: "short",
    kind: "table",
    sql: "SELECT toString(error_class) AS class, count() AS letters, max(append_time) AS newest FROM dead_letters WHERE $__timeFilter(append_time) GROUP BY error_class ORDER BY letters DESC",
  },
];

/** Business figures, straight from ClickHouse's exact views. */
export const businessDashboard: DashboardSpec = {
  uid: "countinghouse-business",
  title: "Countinghouse / Business",
  description: "Revenue, payouts, users and events, exact to the event, from ClickHouse.",
  from: "now-24h",
  refresh: "1m",
  rows: [
    { title: "Hours", panels: hours },
    { title: "Rolling and daily", panels: windows },
    { title: "Events", panels: events },
  ],
};
