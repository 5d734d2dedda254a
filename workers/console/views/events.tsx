import type { FC } from "hono/jsx";
import { EVENT_TYPES, SOURCES } from "../../shared/event/index.ts";
import type { EventForms, StoredEvent } from "../data/events.ts";
import { formatDuration, formatMoney, formatTime, queryString, toField } from "./format.ts";
import { indentJson } from "./indent-json.ts";
import { Badge, Downloads, Empty, Heading, Input, Select, Table } from "./parts.tsx";

export type EventsQuery = {
  from: number | undefined;
  to: number | undefined;
  source: string | undefined;
  event_type: string | undefined;
  user_id: string | undefined;
  event_id: string | undefined;
};

export type EventsModel = {
  query: EventsQuery;
  /** What was searched, Unix ms. */
  range: { fromMs: number; toMs: number };
  rows: StoredEvent[];
  /** Cursor of the next page. */
  next: string | undefined;
};

const TYPES = [...new Set(Object.values(EVENT_TYPES).flat())].sort();

const toValues = (query: EventsQuery) => ({ ...query, from: toField(query.from), to: toField(query.to) });

export const EventsForm: FC<{ query: EventsQuery }> = ({ query }) => {
  const values = toValues(query);
  return (
    <form class="filters panel" method="get" action="/events">
      <Input name="from" label="From (UTC)" hint="YYYY-MM-DD HH:MM" value={values.from} />
      <Input name="to" label="To (UTC)" hint="YYYY-MM-DD HH:MM" value={values.to} />
      <Select
        name="source"
        label="Source"
        value={query.source}
        options={[["", "any"], ...SOURCES.map((source) => [source, source] as const)]}
      />
      <Select
        name="event_type"
        label="Type"
        value={query.event_type}
        options={[["", "any"], ...TYPES.map((type) => [type, type] as const)]}
      />
      <Input name="user_id" label="User" value={query.user_id} />
      <Input name="event_id" label="Event id" value={query.event_id} hint="finds it at any age" />
      <div class="field actions">
        <button type="submit" class="primary">
          Search
        </button>
        <a href="/events">Reset</a>
      </div>
    </form>
  );
};

export const EventsPage: FC<{ model: EventsModel }> = ({ model }) => {
  const { query, range, rows, next } = model;
  const values = toValues(query);
  return (
    <div class="stack">
      <Heading title="Events" />
      <EventsForm query={query} />
      {rows.length === 0 ? (
        <Empty title="No events found">
          Between {formatTime(range.fromMs)} and {formatTime(range.toMs)} UTC nothing matches. Choose a longer range or
          fewer filters.
        </Empty>
      ) : (
        <section class="panel">
          <div class="panel-head">
            <h2>
              {formatTime(range.fromMs)} to {formatTime(range.toMs)}
            </h2>
            <Downloads path="/api/v1/events" values={values} />
          </div>
          <Table
            id="events"
            label="Events found, newest first"
            head={
              <>
                <th scope="col">Event time</th>
                <th scope="col">Source</th>
                <th scope="col">Type</th>
                <th scope="col">User</th>
                <th scope="col" class="number">
                  Amount
                </th>
                <th scope="col" class="number">
                  Latency
                </th>
                <th scope="col">Event id</th>
              </>
            }
          >
            {rows.map((row) => (
              <tr>
                <td>
                  <a href={`/events/${row.event_id}`}>{row.event_time}</a>
                  {row.is_late ? <Badge level="warn">late</Badge> : undefined}
                </td>
                <td>{row.source}</td>
                <td>{row.event_type}</td>
                <td class="clip">
                  <a href={`/events${queryString({ ...values, user_id: row.user_id })}`}>{row.user_id}</a>
                </td>
                <td class="number">{row.currency === "" ? "" : `${formatMoney(row.amount)} ${row.currency}`}</td>
                <td class="number">{formatDuration(Number(row.latency_ms))}</td>
                <td>
                  <a class="mono" href={`/events/${row.event_id}`}>
                    {row.event_id}
                  </a>
                </td>
              </tr>
            ))}
          </Table>
          <nav class="pager" aria-label="Parts of the list">
            <span />
            <span>{rows.length} events on this page</span>
            {next === undefined ? (
              <span />
            ) : (
              <a href={`/events${queryString({ ...values, cursor: next })}`} rel="next">
                Older →
              </a>
            )}
          </nav>
        </section>
      )}
    </div>
  );
};

const FIELDS: readonly (readonly [keyof StoredEvent, string])[] = [
  ["event_time", "Event time"],
  ["received_time", "Received"],
  ["source", "Source"],
  ["event_type", "Type"],
  ["user_id", "User"],
  ["session_id", "Session"],
  ["amount", "Amount"],
  ["currency", "Currency"],
  ["payload", "Payload"],
  ["extra", "Unknown fields"],
  ["size_bytes", "Size, bytes"],
  ["latency_ms", "Latency, ms"],
  ["ingest_delay_ms", "Ingest delay, ms"],
  ["is_late", "Late"],
  ["producer", "Producer"],
  ["kafka_partition", "Partition"],
  ["kafka_offset", "Offset"],
  ["kafka_append_time", "Appended to Kafka"],
];

/** Copies beside each other beyond which a table helps nobody. */
const MAX_COPIES = 20;

export const EventPage: FC<{ eventId: string; forms: EventForms }> = ({ eventId, forms }) => {
  const { stored, raw, keys } = forms;
  const columns = [
    ...stored.map((row) => ({ title: "Stored form", note: "events", row, own: true })),
    ...raw.slice(0, MAX_COPIES).map((row, i) => ({
      title: `Raw copy ${i + 1}`,
      note: `events_raw · ${row.kafka_partition}/${row.kafka_offset}`,
      row,
      own: false,
    })),
  ];
  return (
    <div class="stack">
      <Heading title="Event">
        <a href="/events">← Search</a>
      </Heading>
      <p class="mono id" id="event-id">
        {eventId}
      </p>
      {keys.length > 1 ? (
        <div class="banner banner-bad" role="alert">
          <strong>
            <Badge level="bad">Conflict</Badge>
          </strong>
          <p>
            This id was sent under {keys.length} different keys, and each is counted. <code>ops conflicts resolve</code>{" "}
            keeps the earliest.
          </p>
          <ul>
            {keys.map((key) => (
              <li>
                {formatTime(key.minuteMs)} · {key.source} · {key.eventType}
              </li>
            ))}
          </ul>
        </div>
      ) : undefined}
      {columns.length === 0 ? (
        <Empty title={keys.length === 0 ? "No event has this id" : "The event itself is gone"}>
          {keys.length === 0
            ? "It was never stored. Look among the dead letters, or run ops verify --audit."
            : "Its minute is known, but raw events of that day were dropped by retention. Its counts remain."}
        </Empty>
      ) : (
        <Table
          id="forms"
          label="Stored form and raw copies of the event"
          head={
            <>
              <th scope="col">Field</th>
              {columns.map(({ title, note, own }) => (
                <th scope="col" class={own ? "own" : ""}>
                  {title}
                  <span class="note">{note}</span>
                </th>
              ))}
            </>
          }
        >
          {FIELDS.map(([field, name]) => (
            <tr>
              <th scope="row">{name}</th>
              {columns.map(({ row, own }) => (
                <Cell field={field} row={row} reference={own ? undefined : nearest(stored, row)} />
              ))}
            </tr>
          ))}
        </Table>
      )}
      {raw.length > MAX_COPIES ? <p class="note">{raw.length - MAX_COPIES} more copies are not shown.</p> : undefined}
      {columns.length > 0 ? (
        <p class="note">
          Of several copies the one first appended to Kafka is the stored form; merges drop the others in time. Cells
          that differ from the stored form are marked.
        </p>
      ) : undefined}
    </div>
  );
};

/** The stored form a copy belongs to: same source, type and minute. */
function nearest(stored: readonly StoredEvent[], copy: StoredEvent): StoredEvent | undefined {
  const minute = copy.event_time.slice(0, 16);
  return stored.find(
    (row) => row.source === copy.source && row.event_type === copy.event_type && row.event_time.startsWith(minute),
  );
}

const Cell: FC<{ field: keyof StoredEvent; row: StoredEvent; reference: StoredEvent | undefined }> = ({
  field,
  row,
  reference,
}) => {
  const value = row[field];
  const differs = reference !== undefined && reference[field] !== value;
  const text = typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
  const json = field === "payload" || field === "extra";
  return (
    <td class={`${reference === undefined ? "own" : ""} ${differs ? "differs" : ""}`}>
      {differs ? <span class="hidden">differs: </span> : undefined}
      {json && text !== "" ? <pre>{indentJson(text)}</pre> : text === "" ? <span class="none">none</span> : text}
    </td>
  );
};
