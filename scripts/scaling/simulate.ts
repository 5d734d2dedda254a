import { Random } from "../../workers/producer/sources/simulate/random.ts";

export type Scenario = {
  readonly name: string;
  /** Mean events/s. */
  readonly rate: number;
  /** Events/s the consumers can store. */
  readonly capacity: number;
  readonly seconds: number;
  /** Between these seconds `factor` times the mean arrives. */
  readonly burst?: { readonly from: number; readonly to: number; readonly factor: number };
  /** Between these seconds nothing is stored. */
  readonly outage?: { readonly from: number; readonly to: number };
  /** Seconds after an outage in which consumers join again and store nothing. */
  readonly rejoinSeconds?: number;
};

export type Outcome = {
  /** Events waiting at the worst moment. */
  readonly peakLag: number;
  /** Seconds from the end of burst or outage until nothing waits; undefined: it never ended within the scenario. */
  readonly catchUp: number | undefined;
};

/**
 * Runs a queue second by second: arrivals are Poisson (by its normal limit) around the mean, capacity varies by 10 %, as
 * merges and garbage collection make it. Seeded, so that a table can be made again.
 */
export function simulate(scenario: Scenario, seed: number): Outcome {
  const { rate, capacity, seconds, burst, outage, rejoinSeconds = 0 } = scenario;
  const random = new Random(`scaling ${seed}`);
  const within = (second: number, span: { from: number; to: number } | undefined, extra = 0) =>
    span !== undefined && second >= span.from && second < span.to + extra;
  const endOfTrouble = Math.max(burst?.to ?? 0, outage?.to ?? 0);
  let lag = 0;
  let peakLag = 0;
  let catchUp: number | undefined;
  for (let second = 0; second < seconds; second++) {
    const mean = rate * (burst !== undefined && within(second, burst) ? burst.factor : 1);
    const arrived = Math.max(0, mean + Math.sqrt(mean) * normal(random));
    const able = within(second, outage, rejoinSeconds) ? 0 : capacity * (0.9 + 0.2 * random.fraction());
    lag = Math.max(0, lag + arrived - able);
    peakLag = Math.max(peakLag, lag);
    if (catchUp === undefined && second >= endOfTrouble && lag === 0) catchUp = second - endOfTrouble;
  }
  return { peakLag, catchUp };
}

/** A standard normal number (Box–Muller). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}
