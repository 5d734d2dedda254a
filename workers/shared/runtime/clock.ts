/** A source of time, injected so that tests decide what time it is. */
export type Clock = {
  /** Unix time in milliseconds. */
  now(): number;
};

export const systemClock: Clock = { now: () => Date.now() };
