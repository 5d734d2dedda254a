import { expect, test } from "bun:test";
import { compileContract } from "../../contract/compile.ts";
import type { MetricDoc, TypeDoc } from "../../contract/document.ts";
import { shippedContract } from "../../contract/shipped-contract.ts";
import { SHIPPED_DOCUMENTS } from "../../contract/testing/documents.ts";
import { coreColumnOf } from "./core-columns.ts";
import { countedIf, sourcesOf } from "./counted-events.ts";
import { contractObjects, metricsNotStored } from "./objects.ts";
import { SHOP } from "./testing/shop.ts";

/** The shipped contract with one metric more, over all sources unless it says otherwise. */
function withMetric(metric: Omit<MetricDoc, "key">) {
  const document = { apiVersion: "countinghouse/v1" as const, metrics: [{ key: "added", ...metric }] };
  const contract = compileContract([...SHIPPED_DOCUMENTS, document]);
  const added = contract.metrics.find(({ key }) => key === "added");
  if (added === undefined) throw new Error("the metric was not compiled");
  return { contract, metric: added };
}

test("a metric's events are told by source and type, and no more is asked than the statement needs", () => {
  const conditions = (metric: Omit<MetricDoc, "key" | "aggregation">, among?: string[]) => {
    const compiled = withMetric({ aggregation: "count", ...metric }).metric;
    return countedIf(compiled, among ?? sourcesOf(compiled));
  };
  expect(conditions({ event_type: "*" })).toBe("");
  expect(conditions({ event_type: "*", sources: ["web", "mobile"] })).toBe("");
  expect(conditions({ event_type: "*", sources: ["web"] }, ["web", "lottery"])).toBe("_store.source = 'web'");
  expect(conditions({ event_type: "login" })).toBe("_store.event_type = 'login'");
  expect(conditions({ event_type: "login" }, ["web", "lottery"])).toBe(
    "_store.source = 'lottery' AND _store.event_type = 'login'",
  );
  expect(conditions({ event_type: ["ticket_purchased", "purchase"] })).toBe(
    "(_store.source = 'lottery' AND _store.event_type = 'ticket_purchased') OR (_store.source IN ('web', 'mobile') AND _store.event_type = 'purchase')",
  );
});

test("the shipped metrics are held by columns that reach back as far as the store", () => {
  const contract = shippedContract();
  expect(metricsNotStored(contract)).toEqual([]);
  const columns = contract.metrics.map((metric) => [metric.key, coreColumnOf(metric, contract)]);
  expect(Object.fromEntries(columns)).toEqual({
    revenue: "amounts",
    payouts: "amounts",
    tickets: "events",
    rewards: "events",
    logins: "events",
    unique_users: "users",
    new_sessions: "login_sessions",
    revenue_all_sources: "amounts",
    unique_users_all_sources: "users",
  });
});

const money = { aggregation: "sum", value_property: "$.amount", dimensions: { currency: "$.currency" } } as const;
const sessions = { aggregation: "unique_count", value_property: "session", where_present: "session" } as const;
const NOT_HELD: readonly Omit<MetricDoc, "key">[] = [
  { aggregation: "count", event_type: "login", where_present: "session" },
  { aggregation: "count", event_type: "login", dimensions: { user: "subject" } },
  { aggregation: "unique_count", event_type: "*", value_property: "subject", where_present: "session" },
  { aggregation: "unique_count", event_type: "*", value_property: "$.currency" },
  { ...sessions, event_type: "*" },
  { ...sessions, event_type: ["login", "logout"] },
  { aggregation: "unique_count", event_type: "login", value_property: "session" },
  { ...money, event_type: "ticket_purchased", dimensions: {} },
  { ...money, event_type: "ticket_purchased", dimensions: { currency: "$.currency", user: "subject" } },
  { ...money, event_type: "ticket_purchased", dimensions: { user: "subject" } },
  { ...money, event_type: "ticket_purchased", where_present: "session" },
  // Types without money of their own may carry an amount without a currency.
  { ...money, event_type: ["ticket_purchased", "login"] },
  { ...money, aggregation: "avg", event_type: "ticket_purchased" },
  { aggregation: "max", event_type: "ticket_purchased", value_property: "$.amount" },
];
test.each(NOT_HELD)("no such column holds %j", (added) => {
  expect(metricsNotStored(withMetric(added).contract)).toEqual(["added"]);
});

const order = SHOP.types?.order;
const NOT_BOTH: readonly [string, TypeDoc][] = [
  ["an empty currency", { schema: { ...order?.schema, properties: { amount: {}, currency: { type: "string" } } } }],
  ["no currency", { schema: { ...order?.schema, required: ["amount"] } }],
  [
    "a currency inside of another field",
    { columns: { ...order?.columns, currency: { type: "keyword", from: "$.in.currency" } } },
  ],
];
test.each(NOT_BOTH)("no column holds money that may have %s", (_, changed) => {
  const shop = { ...SHOP, types: { ...SHOP.types, order: { ...order, ...changed } } };
  expect(metricsNotStored(compileContract([SHOP]))).toEqual(["pages"]);
  expect(metricsNotStored(compileContract([shop]))).toEqual(["takings", "pages"]);
});

test("each metric has views by minute and hour; those that a contract declares keep their names, and what is not stored has none", () => {
  const shipped = contractObjects(shippedContract());
  const names = shipped.map(({ name }) => name);
  expect(names.slice(0, 4)).toEqual([
    "business_per_hour",
    "revenue_per_hour",
    "business_rolling_24h",
    "business_daily",
  ]);
  expect(names).toContain("unique_users_all_sources_per_hour");
  expect(new Set(names).size).toBe(names.length);
  expect(shipped.find(({ name }) => name === "revenue_per_hour")?.sql).toContain("`payouts`");
  const shop = contractObjects(compileContract([SHOP])).map(({ name }) => name);
  expect(shop).toEqual([
    "shop_totals",
    "shop_money",
    // Not of the metric "events": these are views of every store.
    ...["orders", "visitors", "takings"].flatMap((key) => [`${key}_per_minute`, `${key}_per_hour`]),
  ]);
});
