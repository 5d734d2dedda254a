import { z } from "zod";
import { eventOf } from "./envelope.ts";
import { moneyFields } from "./money.ts";

/** Interactions with a mobile app. */
export const MobileEventSchema = z.discriminatedUnion("event_type", [
  eventOf(
    "mobile",
    "app_open",
    z.looseObject({ os: z.string().optional(), app_version: z.string().optional() }).optional(),
  ),
  eventOf("mobile", "screen_view", z.looseObject({ screen: z.string() }).optional()),
  eventOf("mobile", "tap", z.looseObject({ element: z.string(), screen: z.string().optional() }).optional()),
  eventOf("mobile", "push_received", z.looseObject({ campaign: z.string() }).optional()),
  eventOf("mobile", "purchase", z.looseObject({ ...moneyFields, product_id: z.string().optional() }).optional()),
  eventOf("mobile", "app_close", z.looseObject({ duration_ms: z.int().min(0).optional() }).optional()),
]);
