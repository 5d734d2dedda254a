import { z } from "@hono/zod-openapi";
import { DEAD_LETTER_CLASSES, parseIsoMs, SOURCES } from "../../shared/event/index.ts";
import { BUSINESS_VIEWS } from "../data/business.ts";
import { GROUPINGS } from "../data/live.ts";

/** Parameters of pages and API, read alike. An empty one counts as absent, as forms send what was left empty. */

const blankAsAbsent = (value: unknown) => (value === "" ? undefined : value);

/** A parameter that may be absent or empty. */
export const optional = <S extends z.ZodType>(schema: S) => z.preprocess(blankAsAbsent, schema.optional());

const text = () => z.string().max(512);

/** A time with offset, or without (UTC), as people write it: `2026-05-01 12:00`; Unix ms. */
export const time = () =>
  z
    .string()
    .max(40)
    .transform((value, context): number => {
      const zoned = /^\d{4}-\d\d-\d\d$/.test(value)
        ? `${value}T00:00:00Z`
        : value
            .replace(/^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)$/, "$1T$2:00Z")
            .replace(/^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,3})?)$/, "$1T$2Z");
      const ms = parseIsoMs(zoned);
      if (ms !== undefined && ms >= 0 && ms < MAX_TIME) return ms;
      context.addIssue({ code: "custom", message: "must be a time such as 2026-05-01T12:00:00Z" });
      return z.NEVER;
    })
    .openapi({ type: "string", format: "date-time", example: "2026-05-01T12:00:00Z" });

/** ClickHouse's DateTime ends in 2106. */
const MAX_TIME = Date.UTC(2106, 0);

export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .openapi({ type: "integer", minimum: min, maximum: max });

export const FORMATS = ["json", "csv", "ndjson"] as const;
export type Format = (typeof FORMATS)[number];

export const formatShape = { format: optional(z.enum(FORMATS)).openapi({ description: "default: json" }) };

export const pageShape = {
  page: optional(integer(1, 1_000_000)).openapi({ description: "from 1" }),
  limit: optional(integer(1, 1_000)).openapi({ description: "rows of a page" }),
};

export const rangeShape = {
  from: optional(time()).openapi({ description: "inclusive" }),
  to: optional(time()).openapi({ description: "exclusive" }),
};

const source = () => optional(text()).openapi({ description: `such as ${SOURCES.join(", ")}` });
const eventType = () => optional(text()).openapi({ description: "such as ticket_purchased" });

export const liveShape = {
  minutes: optional(integer(1, 10_080)).openapi({ description: "length of the range that ends now, minutes" }),
  by: optional(z.enum(GROUPINGS)),
  source: source(),
  event_type: eventType(),
};

export const businessShape = { view: optional(z.enum(BUSINESS_VIEWS)), ...rangeShape };

/** The text form of an event_id or run_id. */
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const CURSOR = /^(\d{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export const eventShape = {
  ...rangeShape,
  source: source(),
  event_type: eventType(),
  user_id: optional(text()),
  session_id: optional(text()),
  event_id: optional(
    z
      .string()
      .trim()
      .regex(UUID, "must be a UUID")
      .transform((id) => id.toLowerCase()),
  ),
  cursor: optional(
    z
      .string()
      .regex(CURSOR, "must be the `next` of an earlier answer")
      .transform((value) => {
        const [, timeMs, eventId = ""] = CURSOR.exec(value) ?? [];
        return { timeMs: Number(timeMs), eventId };
      }),
  ).openapi({ type: "string", description: "`next` of the page before" }),
};

export const formatCursor = (cursor: { timeMs: number; eventId: string }) => `${cursor.timeMs}.${cursor.eventId}`;

export const letterShape = {
  class: optional(z.enum(DEAD_LETTER_CLASSES)),
  ...rangeShape,
  open: optional(z.enum(["true", "false"])).openapi({ description: "true: only letters that were not put back yet" }),
};

export const runShape = {
  kind: optional(z.enum(["verify", "audit"])),
  verdict: optional(z.enum(["exact", "different", "not_proven"])),
};

export const alertShape = { status: optional(z.enum(["firing", "resolved"])) };

/** The problems of a failed parse in one line. */
export function issuesText(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`).join("; ");
}
