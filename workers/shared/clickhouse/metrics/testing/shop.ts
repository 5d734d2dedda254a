import type { ContractDocument } from "../../../contract/document.ts";

/** A source of somebody's own, with metrics and columns of views named like columns of the stores. */
export const SHOP: ContractDocument = {
  apiVersion: "countinghouse/v1",
  source: "shop",
  types: {
    order: {
      schema: {
        type: "object",
        required: ["amount", "currency"],
        properties: { amount: { type: "number" }, currency: { type: "string", minLength: 1 } },
      },
      columns: { amount: "decimal(18,4)", currency: "keyword" },
    },
    visit: { columns: { page: "keyword" } },
  },
  metrics: [
    { key: "orders", event_type: "order", aggregation: "count" },
    { key: "events", event_type: "*", aggregation: "count" },
    { key: "visitors", event_type: "*", aggregation: "unique_count", value_property: "subject" },
    {
      key: "takings",
      comment: "What the shop took",
      event_type: "order",
      aggregation: "sum",
      value_property: "$.amount",
      dimensions: { currency: "$.currency" },
    },
    { key: "pages", event_type: "visit", aggregation: "unique_count", value_property: "$.page" },
  ],
  views: [
    {
      name: "shop_totals",
      period: "hour",
      comment: "It's a \\ `comment` of {owner};\n-- and goes on;\u2028\u0000",
      columns: {
        users: { metric: "visitors", comment: "Visitors" },
        events: { metric: "events", comment: "Events" },
        checksum: { metric: "orders", comment: "Orders" },
        amounts: { metric: "takings", as: "map", comment: "Takings" },
        store: { metric: "visitors", comment: "Visitors again" },
      },
    },
    {
      name: "shop_money",
      period: "rolling_24h",
      comment: "Its windows",
      rows: { source: { dimension: "currency", comment: "Currency" } },
      columns: { event_type: { metric: "takings", comment: "Takings" } },
    },
    {
      name: "shop_pages",
      period: "day",
      comment: "Its days",
      columns: { pages: { metric: "pages", comment: "Pages" } },
    },
  ],
};
