import { parseIsoMs } from "../../shared/event/index.ts";

/** Rewrites the times and the id in an event's text. */
export type TimeShift = (event: Record<string, unknown>, text: string) => string;

/**
 * Moves the times of a file so that its first event happens at `nowMs`. The ids change along with them, because one id at
 * two times is a conflict: the new id follows from the old one, `nowMs` and `round`, so that duplicates in the file stay
 * duplicates. Everything else in the text, and whatever is not as expected, stays as it is.
 */
export function createTimeShift(nowMs: number, round: number): TimeShift {
  let offsetMs: number | undefined;
  return (event, text) => {
    const { event_time: eventTime, received_time: receivedTime, event_id: id } = event;
    const eventMs = typeof eventTime === "string" ? parseIsoMs(eventTime) : undefined;
    if (eventMs === undefined) return text;
    offsetMs ??= nowMs - eventMs;
    let shifted = replaceField(text, "event_time", new Date(eventMs + offsetMs).toISOString());
    const receivedMs = typeof receivedTime === "string" ? parseIsoMs(receivedTime) : undefined;
    if (receivedMs !== undefined) {
      shifted = replaceField(shifted, "received_time", new Date(receivedMs + offsetMs).toISOString());
    }
    if (typeof id !== "string" || !UUID.test(id)) return shifted;
    return replaceField(shifted, "event_id", derivedUuid(`${id.toLowerCase()} ${nowMs} ${round}`));
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function replaceField(text: string, name: string, value: string): string {
  return text.replace(new RegExp(`("${name}"\\s*:\\s*")[^"\\\\]*"`), (_, start: string) => `${start}${value}"`);
}

/** A UUID (version 8: from a hash) that follows from a text. */
function derivedUuid(text: string): string {
  const hex = new Bun.CryptoHasher("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
