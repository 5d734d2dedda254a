import { parseIsoMs } from "../../../shared/event/index.ts";

/** Rewrites the times and the id in an event's text. */
export type TimeShift = (event: Record<string, unknown>, text: string) => string;

/** Times further than this from most of a file's are mistakes in it, ms. */
const FAR_MS = 365 * 86_400_000;
const DAY_MS = 86_400_000;

/** Finds the newest event time of many, in memory that does not grow with their number. */
export type NewestTime = {
  add(event: Record<string, unknown>): void;
  /** Unix ms of the newest; undefined without any. Times a year or more from the middle one are left out. */
  get(): number | undefined;
};

export function newestTime(): NewestTime {
  const days = new Map<number, { count: number; newestMs: number }>();
  return {
    add(event) {
      const ms = timeOf(event.event_time);
      if (ms === undefined) return;
      const day = Math.floor(ms / DAY_MS);
      const seen = days.get(day);
      days.set(day, { count: (seen?.count ?? 0) + 1, newestMs: Math.max(seen?.newestMs ?? ms, ms) });
    },
    get() {
      const sorted = [...days.values()].sort((a, b) => a.newestMs - b.newestMs);
      let left = sorted.reduce((sum, { count }) => sum + count, 0) / 2;
      const middle = sorted.find(({ count }) => {
        left -= count;
        return left <= 0;
      });
      return middle && sorted.findLast(({ newestMs }) => newestMs - middle.newestMs < FAR_MS)?.newestMs;
    },
  };
}

const timeOf = (value: unknown) => (typeof value === "string" ? parseIsoMs(value) : undefined);

/**
 * Moves the times of a file so that its newest event (see {@link newestTime}) happens at `nowMs`: nothing lies in the
 * future, save what is years off in the file itself. The ids change along with them, because one id at
 * two times is a conflict: the new id follows from the old one, `nowMs` and `round`, so that duplicates in the file stay
 * duplicates. Everything else in the text, and whatever is not as expected, stays as it is.
 */
export function createTimeShift(at: { nowMs: number; newestMs: number; round: number }): TimeShift {
  const { nowMs, round } = at;
  const offsetMs = nowMs - at.newestMs;
  return (event, text) => {
    const { event_time: eventTime, received_time: receivedTime, event_id: id } = event;
    const eventMs = timeOf(eventTime);
    if (eventMs === undefined) return text;
    let shifted = replaceField(text, "event_time", new Date(eventMs + offsetMs).toISOString());
    const receivedMs = timeOf(receivedTime);
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
