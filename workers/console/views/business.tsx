import type { FC } from "hono/jsx";
import { type BusinessRow, type BusinessView, currenciesOf } from "../data/business.ts";
import { formatCount, formatMoney, formatTime, queryString, toField } from "./format.ts";
import { Chart, Downloads, Empty, Heading, Input, Stat, Table } from "./parts.tsx";

export type BusinessModel = {
  view: BusinessView;
  from: number | undefined;
  to: number | undefined;
  rows: BusinessRow[];
  /** The newest 24 hours, undefined before the first event. */
  rolling: BusinessRow | undefined;
};

const VIEWS: readonly (readonly [BusinessView, string, string])[] = [
  ["hours", "Hours", "Hour"],
  ["rolling", "Rolling 24 hours", "24 hours until"],
  ["days", "Days", "Day"],
];

export const BusinessPage: FC<{ model: BusinessModel }> = ({ model }) => {
  const { view, rows, rolling, from, to } = model;
  const values = { view, from: toField(from), to: toField(to) };
  return (
    <div class="stack">
      <Heading title="Business">
        <form class="filters inline" method="get" action="/business">
          <input type="hidden" name="view" value={view} />
          <Input name="from" label="From (UTC)" hint="YYYY-MM-DD HH:MM" value={values.from} />
          <Input name="to" label="To (UTC)" hint="YYYY-MM-DD HH:MM" value={values.to} />
          <button type="submit">Show</button>
        </form>
      </Heading>
      {rolling === undefined ? undefined : <Rolling row={rolling} />}
      <nav class="tabs" aria-label="Period">
        {VIEWS.map(([name, text]) => (
          <a
            href={`/business${queryString({ ...values, view: name })}`}
            {...(name === view ? { "aria-current": "page" } : {})}
          >
            {text}
          </a>
        ))}
      </nav>
      {rows.length === 0 ? (
        <Empty title="No business figures in this range">
          They come from events of the source <code>lottery</code>. Choose another range, or start a producer.
        </Empty>
      ) : (
        <>
          <Chart
            id="chart-money"
            kind="money"
            src={`/api/v1/business${queryString(values)}`}
            title="Revenue and payouts"
          />
          <Figures rows={rows} view={view} values={values} />
        </>
      )}
    </div>
  );
};

const Rolling: FC<{ row: BusinessRow }> = ({ row }) => {
  const [main = "EUR", ...others] = currenciesOf([row]);
  const more = (of: BusinessRow["revenue"]) =>
    others.map((currency) => `${formatMoney(of[currency] ?? "0")} ${currency}`).join(" · ");
  return (
    <div class="stats" id="rolling">
      <Stat name="Revenue, 24 h" value={formatMoney(row.revenue[main] ?? "0")} unit={main}>
        {more(row.revenue)}
      </Stat>
      <Stat name="Payouts, 24 h" value={formatMoney(row.payouts[main] ?? "0")} unit={main}>
        {more(row.payouts)}
      </Stat>
      <Stat name="Tickets, 24 h" value={formatCount(row.tickets)}>
        {formatCount(row.rewards)} rewards claimed
      </Stat>
      <Stat name="Users, 24 h" value={formatCount(row.uniqueUsers)}>
        {formatCount(row.logins)} logins · {formatCount(row.newSessions)} new sessions
      </Stat>
    </div>
  );
};

const Figures: FC<{ rows: BusinessRow[]; view: BusinessView; values: Record<string, string> }> = ({
  rows,
  view,
  values,
}) => {
  const currencies = currenciesOf(rows);
  const title = VIEWS.find(([name]) => name === view)?.[2] ?? "";
  const time = (ms: number) => (view === "days" ? formatTime(ms).slice(0, 10) : formatTime(ms).slice(0, 16));
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Figures</h2>
        <Downloads path="/api/v1/business" values={values} />
      </div>
      <Table
        id="business"
        label="Business figures"
        head={
          <>
            <th scope="col">{title}</th>
            {currencies.map((currency) => (
              <>
                <th scope="col" class="number">
                  Revenue {currency}
                </th>
                <th scope="col" class="number">
                  Payouts {currency}
                </th>
              </>
            ))}
            {["Tickets", "Rewards", "Logins", "Users", "New sessions"].map((name) => (
              <th scope="col" class="number">
                {name}
              </th>
            ))}
          </>
        }
      >
        {rows.map((row) => (
          <tr>
            <td>
              <time datetime={new Date(row.atMs).toISOString()}>{time(row.atMs)}</time>
            </td>
            {currencies.map((currency) => (
              <>
                <td class="number">{formatMoney(row.revenue[currency] ?? "0")}</td>
                <td class="number">{formatMoney(row.payouts[currency] ?? "0")}</td>
              </>
            ))}
            {[row.tickets, row.rewards, row.logins, row.uniqueUsers, row.newSessions].map((value) => (
              <td class="number">{formatCount(value)}</td>
            ))}
          </tr>
        ))}
      </Table>
    </section>
  );
};
