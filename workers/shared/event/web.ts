import { z } from "zod";
import { webEventOf } from "./envelope.ts";
import { moneyFields } from "./money.ts";

/** A website's clickstream. The default source: an event that names no source is one of these. */
export const WebEventSchema = z.discriminatedUnion("event_type", [
  webEventOf(
    "page_view",
    z.looseObject({ url: z.string(), title: z.string().optional(), referrer: z.string().optional() }).optional(),
  ),
  webEventOf("click", z.looseObject({ element: z.string(), url: z.string().optional() }).optional()),
  webEventOf("search", z.looseObject({ query: z.string(), results: z.int().min(0).optional() }).optional()),
  webEventOf("add_to_cart", z.looseObject({ product_id: z.string(), quantity: z.int().min(1) }).optional()),
  webEventOf(
    "purchase",
    z.looseObject({ ...moneyFields, order_id: z.string().optional(), items: z.int().min(1).optional() }).optional(),
  ),
  webEventOf("signup", z.looseObject({ plan: z.string().optional() }).optional()),
]);
