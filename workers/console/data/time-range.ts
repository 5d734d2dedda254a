/** From (inclusive) to (exclusive), Unix ms. */
export type TimeRange = { fromMs: number; toMs: number };
