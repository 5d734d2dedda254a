import { formatAmountE4 } from "../../../shared/event/index.ts";
import type { Random } from "./random.ts";
import type { EventBody, Visit } from "./visit.ts";

const CURRENCIES = ["EUR", "EUR", "EUR", "USD", "GBP"] as const;
const PRICES_E4 = [20_000, 25_000, 50_000, 125_000] as const;
const METHODS = ["password", "passkey", "oauth"] as const;

function draw(random: Random): string {
  return `draw-${random.below(40) + 1}`;
}

function ticket(random: Random, currency: string): EventBody {
  const amountE4 = random.pick(PRICES_E4);
  const numbers = Array.from({ length: 6 }, () => random.below(49) + 1);
  const payload = {
    // Both forms of an amount are in use.
    amount: random.chance(0.8) ? formatAmountE4(amountE4) : amountE4 / 10_000,
    currency,
    draw_id: draw(random),
    ticket_id: `t-${random.uint32().toString(36)}`,
    numbers,
  };
  return { source: "lottery", event_type: "ticket_purchased", payload };
}

function reward(random: Random, currency: string): EventBody {
  // Most rewards are small and few are large.
  const cents = Math.ceil(random.exponential(1500));
  const payload = {
    amount: formatAmountE4(cents * 100),
    currency,
    draw_id: draw(random),
    ticket_id: `t-${random.uint32().toString(36)}`,
  };
  return { source: "lottery", event_type: "claim_reward", payload };
}

/** A session on the lottery platform: login, looks at numbers, perhaps buys tickets, rarely claims, logs out. */
export function startLotteryVisit(random: Random, key: string): Visit {
  const currency = random.pick(CURRENCIES);
  let views = 1 + random.below(5);
  let tickets = random.chance(0.6) ? 1 + random.below(3) : 0;
  let rewards = random.chance(0.15) ? 1 : 0;
  let state: "login" | "inside" | "over" = "login";
  return {
    key,
    sessionId: random.uuid(),
    next() {
      if (state === "over") return undefined;
      if (state === "login") {
        state = "inside";
        return { source: "lottery", event_type: "login", payload: { method: random.pick(METHODS) } };
      }
      if (views > 0 && (tickets === 0 || random.chance(0.6))) {
        views--;
        return { source: "lottery", event_type: "view_numbers", payload: { draw_id: draw(random) } };
      }
      if (tickets > 0) {
        tickets--;
        return ticket(random, currency);
      }
      if (rewards > 0) {
        rewards--;
        return reward(random, currency);
      }
      state = "over";
      return { source: "lottery", event_type: "logout" };
    },
  };
}
