/**
 * Bounds what bodies that are still arriving hold in memory, and how long each may take to arrive. Anyone can begin
 * thousands of bodies and never end them; where that would take too much memory, the one under way for longest gives way,
 * so that whoever sends swiftly is served all the same.
 */
export type BodyGate = {
  /** Admits a body; `cut` is called, once, when it has to give way or takes too long. */
  enter(cut: (why: Cut) => void): BodyEntry;
  /** Bytes held at present. */
  readonly bytes: number;
};

/** `slow`: longer under way than any body may be. `crowded`: it gave way to others. */
export type Cut = "slow" | "crowded";

export type BodyEntry = {
  /** More of it has arrived. */
  add(bytes: number): void;
  /** It is complete, or given up. Idempotent. */
  leave(): void;
};

export type BodyGateConfig = {
  /** Of all bodies that are arriving, bytes. One larger body alone is not cut. */
  maxBytes: number;
  /** How long one body may arrive, ms. */
  timeoutMs: number;
};

export function createBodyGate({ maxBytes, timeoutMs }: BodyGateConfig): BodyGate {
  type Held = { bytes: number; end: (why: Cut) => void };
  /** In the order of their beginning. */
  const held = new Set<Held>();
  let total = 0;
  const drop = (body: Held) => {
    if (held.delete(body)) total -= body.bytes;
  };
  return {
    get bytes() {
      return total;
    },
    enter(cut) {
      const body: Held = {
        bytes: 0,
        end: (why) => {
          clearTimeout(timer);
          drop(body);
          cut(why);
        },
      };
      const timer = setTimeout(() => body.end("slow"), timeoutMs);
      held.add(body);
      return {
        add(bytes) {
          if (!held.has(body)) return;
          body.bytes += bytes;
          total += bytes;
          while (total > maxBytes && held.size > 1) {
            const [oldest] = held;
            oldest?.end("crowded");
          }
        },
        leave() {
          clearTimeout(timer);
          drop(body);
        },
      };
    },
  };
}
