import { z } from "zod";
import { eventOf } from "./envelope.ts";
import { moneyFields } from "./money.ts";

/**
 * A lottery platform: sessions from login to logout. The two types that move money must carry it, because revenue and
 * payouts are computed from them.
 */
export const LotteryEventSchema = z.discriminatedUnion("event_type", [
  eventOf("lottery", "login", z.looseObject({ method: z.string().optional() }).optional()),
  eventOf("lottery", "view_numbers", z.looseObject({ draw_id: z.string() }).optional()),
  eventOf(
    "lottery",
    "ticket_purchased",
    z.looseObject({
      ...moneyFields,
      draw_id: z.string().optional(),
      ticket_id: z.string().optional(),
      numbers: z.array(z.int().min(0)).optional(),
    }),
  ),
  eventOf(
    "lottery",
    "claim_reward",
    z.looseObject({ ...moneyFields, draw_id: z.string().optional(), ticket_id: z.string().optional() }),
  ),
  eventOf("lottery", "logout", z.looseObject({ reason: z.string().optional() }).optional()),
]);
