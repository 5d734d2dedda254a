import { formatAmountE4 } from "../../../shared/event/index.ts";
import type { Random } from "./random.ts";
import type { EventBody, Visit } from "./visit.ts";

const PAGES = ["/", "/draws", "/results", "/shop", "/shop/gifts", "/help", "/about"] as const;
const ELEMENTS = ["menu", "banner", "card", "footer-link", "play-button"] as const;
const QUERIES = ["results", "next draw", "gift card", "odds", "café", "jackpot 100 €"] as const;

type Action = "page_view" | "click" | "search" | "add_to_cart" | "signup";
// A repeated action is as much more likely.
const ACTIONS = ["page_view", "page_view", "page_view", "click", "click", "click", "search", "add_to_cart"] as const;

function act(random: Random, action: Action, url: string): EventBody {
  switch (action) {
    case "page_view":
      return { event_type: "page_view", payload: { url } };
    case "click":
      return { event_type: "click", payload: { element: random.pick(ELEMENTS), url } };
    case "search":
      return { event_type: "search", payload: { query: random.pick(QUERIES), results: random.below(200) } };
    case "add_to_cart":
      return {
        event_type: "add_to_cart",
        payload: { product_id: `p-${random.below(500)}`, quantity: 1 + random.below(3) },
      };
    case "signup":
      return { event_type: "signup", payload: { plan: random.chance(0.2) ? "plus" : "free" } };
  }
}

function purchase(random: Random, items: number): EventBody {
  const amount = formatAmountE4((199 + random.below(9800)) * 100 * items);
  const payload = { amount, currency: "EUR", order_id: `o-${random.uint32().toString(36)}`, items };
  return { event_type: "purchase", payload };
}

/**
 * A visit to the website: lands on a page, looks around, and sometimes signs up, fills a cart or buys what is in it. Some
 * clients send the minimal event without `source`, which defaults to web.
 */
export function startWebVisit(random: Random, key: string): Visit {
  const minimalClient = random.chance(0.2);
  let remaining = 2 + random.below(10);
  let items = 0;
  let url: string = random.pick(PAGES);
  let landed = false;

  function step(): EventBody {
    if (!landed) {
      landed = true;
      return act(random, "page_view", url);
    }
    if (remaining === 0 && items > 0 && random.chance(0.7)) return purchase(random, items);
    const action = random.chance(0.03) ? "signup" : random.pick(ACTIONS);
    if (action === "page_view") url = random.pick(PAGES);
    if (action === "add_to_cart") items++;
    return act(random, action, url);
  }

  return {
    key,
    sessionId: random.uuid(),
    next() {
      if (--remaining < 0) return undefined;
      const body = step();
      return minimalClient ? body : ({ ...body, source: "web" } as EventBody);
    },
  };
}
