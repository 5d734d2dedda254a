import { formatAmountE4 } from "../../../shared/event/index.ts";
import type { Random } from "./random.ts";
import type { Visit } from "./visit.ts";

const SCREENS = ["home", "draws", "my-tickets", "results", "wallet", "settings"] as const;
const ELEMENTS = ["buy", "back", "refresh", "share", "notification"] as const;
const SYSTEMS = ["android", "ios"] as const;
const VERSIONS = ["5.1.0", "5.2.3", "6.0.0"] as const;

/** A session in the mobile app: opened, screens and taps, perhaps a push or a purchase, closed. */
export function startMobileVisit(random: Random, key: string): Visit {
  let remaining = 2 + random.below(12);
  let screen: string = random.pick(SCREENS);
  let state: "new" | "open" | "closed" = "new";
  return {
    key,
    sessionId: random.uuid(),
    next() {
      if (state === "closed") return undefined;
      if (state === "new") {
        state = "open";
        const payload = { os: random.pick(SYSTEMS), app_version: random.pick(VERSIONS) };
        return { source: "mobile", event_type: "app_open", payload };
      }
      if (remaining-- === 0) {
        state = "closed";
        const duration = Math.round(random.exponential(90_000));
        return { source: "mobile", event_type: "app_close", payload: { duration_ms: duration } };
      }
      const draw = random.fraction();
      if (draw < 0.45) {
        screen = random.pick(SCREENS);
        return { source: "mobile", event_type: "screen_view", payload: { screen } };
      }
      if (draw < 0.92) {
        return { source: "mobile", event_type: "tap", payload: { element: random.pick(ELEMENTS), screen } };
      }
      if (draw < 0.96) {
        return { source: "mobile", event_type: "push_received", payload: { campaign: `c-${random.below(12)}` } };
      }
      const amount = formatAmountE4((99 + random.below(20) * 100) * 100);
      return { source: "mobile", event_type: "purchase", payload: { amount, currency: "USD", product_id: "coins" } };
    },
  };
}
