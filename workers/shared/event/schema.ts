import { z } from "zod";
import type { Source } from "./envelope.ts";
import { LotteryEventSchema } from "./lottery.ts";
import { MobileEventSchema } from "./mobile.ts";
import { SensorEventSchema } from "./sensor.ts";
import { WebEventSchema } from "./web.ts";

/** The event contract: one schema per source and the union of all, told apart by `source` and then `event_type`. */

/** The schema of each source's events. */
export const SOURCE_SCHEMAS = {
  lottery: LotteryEventSchema,
  web: WebEventSchema,
  mobile: MobileEventSchema,
  sensor: SensorEventSchema,
} as const;

/** Any event of the contract. Judges only: nothing is converted, and unknown fields are kept. */
export const EventSchema = z.discriminatedUnion("source", [
  LotteryEventSchema,
  WebEventSchema,
  MobileEventSchema,
  SensorEventSchema,
]);

/** An event as it travels, before canonicalisation. */
export type WireEvent = z.input<typeof EventSchema>;

/** The event types of each source, in the order of the schemas. */
export const EVENT_TYPES: Readonly<Record<Source, readonly string[]>> = {
  lottery: LotteryEventSchema.options.map((option) => option.shape.event_type.value),
  web: WebEventSchema.options.map((option) => option.shape.event_type.value),
  mobile: MobileEventSchema.options.map((option) => option.shape.event_type.value),
  sensor: SensorEventSchema.options.map((option) => option.shape.event_type.value),
};
