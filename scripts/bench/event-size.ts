import { Random } from "../../workers/producer/sources/simulate/random.ts";

/** Mean size of a simulated event as it is, bytes. */
const PLAIN_BYTES = 291;
const POOL_SIZE = 4_096;
const SHORT_BYTES = 120;

const PAGES = ["/", "/draws", "/results", "/shop", "/shop/gifts", "/help", "/about", "/account/tickets"] as const;
const WORDS = ["menu", "banner", "jackpot", "card", "offer", "ticket", "footer", "search", "basket", "login"] as const;
const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36";

/** Changes an event's text to another size. A pure function: a copy of an event gets the same bytes. */
export type Resize = (value: string, eventId: string) => string;

/**
 * Brings simulated events to a mean size in bytes by what clients send along: their payload gets a `context` with the agent
 * and the trail of what was seen before, nested and as varied as such things are. Sizes spread by 25 % either way.
 */
export function resizeTo(meanBytes: number): Resize {
  const extra = meanBytes - PLAIN_BYTES;
  if (extra <= 0) return (value) => value;
  const pool = trailPool();
  return (value, eventId) => {
    const hash = Bun.hash.crc32(eventId);
    const bytes = Math.round(extra * (0.75 + (0.5 * (hash % 1_000)) / 999));
    const event = JSON.parse(value) as Record<string, unknown>;
    const payload = (event.payload ?? {}) as Record<string, unknown>;
    return JSON.stringify({ ...event, payload: { ...payload, context: contextOf(bytes, hash, pool) } });
  };
}

function contextOf(bytes: number, hash: number, pool: readonly TrailStep[]): unknown {
  if (bytes < SHORT_BYTES) return `c${hash}`.padEnd(Math.max(0, bytes - 14), "-web");
  const trail: TrailStep[] = [];
  let left = bytes - 140 - STEP_BYTES / 2;
  for (let i = hash % POOL_SIZE; left > 0; i++) {
    const step = pool[i % POOL_SIZE];
    if (step === undefined) break;
    trail.push(step);
    left -= STEP_BYTES;
  }
  return { agent: AGENT, trail };
}

type TrailStep = { at: number; page: string; element: string; ms: number; seen: boolean };
/** Mean length of a step as text with its comma. */
const STEP_BYTES = 83;

function trailPool(): TrailStep[] {
  const random = new Random("trail");
  return Array.from({ length: POOL_SIZE }, () => ({
    at: 1_700_000_000_000 + random.below(100_000_000_000),
    page: random.pick(PAGES),
    element: `${random.pick(WORDS)}-${random.below(1_000)}`,
    ms: random.below(20_000),
    seen: random.chance(0.7),
  }));
}
