/**
 * Why a message could not become a stored event. The order is the order of the checks: a message has the first class that
 * applies.
 *
 * - `empty`: no value (a tombstone) or one of zero bytes.
 * - `too_large`: more bytes than the limit; not decoded.
 * - `malformed_json`: not UTF-8, or not JSON.
 * - `schema`: JSON, but not an event of the contract.
 * - `too_old`: its event_time is longer before the broker's append time than retention allows.
 * - `in_future`: its event_time is further after the broker's append time than clocks may differ.
 * - `rejected_by_store`: a valid event that ClickHouse refused because of its values.
 */
export const DEAD_LETTER_CLASSES = [
  "empty",
  "too_large",
  "malformed_json",
  "schema",
  "too_old",
  "in_future",
  "rejected_by_store",
] as const;
export type DeadLetterClass = (typeof DEAD_LETTER_CLASSES)[number];

/** The longest reason given for a dead letter, in UTF-16 units. */
export const MAX_REASON_LENGTH = 300;
