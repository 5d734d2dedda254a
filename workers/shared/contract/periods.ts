/** The column of a view that says which bucket a row is, by what one row stands for. */
export const TIME_COLUMN = {
  minute: "event_minute",
  hour: "event_hour",
  day: "event_date",
  rolling_24h: "window_end",
} as const;

/** What one row of a view stands for. */
export type Period = keyof typeof TIME_COLUMN;

/** All of them, from short to long. */
export const PERIODS = Object.keys(TIME_COLUMN) as readonly Period[];
