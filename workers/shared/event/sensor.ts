import { z } from "zod";
import { eventOf } from "./envelope.ts";

/** Infrastructure sensors; `user_id` is the device. A reading without its value means nothing, so its payload is required. */
export const SensorEventSchema = z.discriminatedUnion("event_type", [
  eventOf(
    "sensor",
    "reading",
    z.looseObject({ device: z.string(), metric: z.string(), value: z.number(), unit: z.string() }),
  ),
  eventOf(
    "sensor",
    "alarm",
    z
      .looseObject({
        device: z.string(),
        severity: z.enum(["info", "warning", "critical"]),
        metric: z.string().optional(),
        value: z.number().optional(),
        threshold: z.number().optional(),
        message: z.string().optional(),
      })
      .optional(),
  ),
  eventOf("sensor", "heartbeat", z.looseObject({ device: z.string(), uptime_s: z.int().min(0).optional() }).optional()),
]);
