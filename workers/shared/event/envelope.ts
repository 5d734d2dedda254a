import { z } from "zod";
import { ISO_TIME_PATTERN, parseIsoMs } from "./time.ts";

/** The fields that every event has, whatever its source. The schemas only judge; {@link parseEvent} canonicalises. */

/** The kinds of systems that send events. */
export const SOURCES = ["lottery", "web", "mobile", "sensor"] as const;
export type Source = (typeof SOURCES)[number];

/** The source of an event that names none. */
export const DEFAULT_SOURCE: Source = "web";

/** 8-4-4-4-12 hexadecimal digits of any case, version and variant. */
export const EventIdSchema = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, "must be a UUID (8-4-4-4-12 hexadecimal digits)")
  .meta({ description: "Identity of the event; compared in lower case" });

// Characters are counted as code points by the pattern, as JSON Schema counts them. NUL and lone surrogates are refused:
// a lone surrogate has no UTF-8 form, so two different identifiers would be stored as the same one.
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is refused on purpose
const IDENTIFIER = /^[^\u0000\uD800-\uDFFF]{1,256}$/u;
const IDENTIFIER_RULE = "must have 1 to 256 characters of well-formed text without NUL";

/** Names a user, a device or a session. */
export const IdentifierSchema = z.string().regex(IDENTIFIER, IDENTIFIER_RULE);

/** An ISO 8601 time with offset; see `time.ts` for grammar and range. */
export const TimeSchema = z
  .string()
  .refine((text) => parseIsoMs(text) !== undefined, "must be an ISO 8601 time with offset, 1970-01-01 to 2106-02-06")
  .meta({ format: "date-time", pattern: ISO_TIME_PATTERN });

/** The fields common to all events except those that select the schema (`source`, `event_type`). */
export const commonFields = {
  event_id: EventIdSchema,
  user_id: IdentifierSchema.meta({ description: "User, or device for a sensor" }),
  event_time: TimeSchema.meta({ description: "When it happened" }),
  received_time: TimeSchema.meta({ description: "When the platform of the source received it" }),
  session_id: IdentifierSchema.meta({ description: "Groups the events of one visit" }).optional(),
};

/** What holds for an event of any source and type: the published envelope. Validation uses the complete schemas. */
export const EnvelopeSchema = z.looseObject({
  source: z.enum(SOURCES).default(DEFAULT_SOURCE),
  event_type: z.string(),
  ...commonFields,
  payload: z.looseObject({}).optional(),
});

/** The schema of one event type of a source that must be named. Unknown fields are kept. */
export function eventOf<S extends Exclude<Source, "web">, T extends string, P extends z.ZodType>(
  source: S,
  eventType: T,
  payload: P,
) {
  return z.looseObject({ event_type: z.literal(eventType), source: z.literal(source), ...commonFields, payload });
}

/** The schema of one event type of the default source, which need not be named. Unknown fields are kept. */
export function webEventOf<T extends string, P extends z.ZodType>(eventType: T, payload: P) {
  return z.looseObject({
    event_type: z.literal(eventType),
    source: z.literal("web").optional(),
    ...commonFields,
    payload,
  });
}
