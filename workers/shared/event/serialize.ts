import type { WireEvent } from "./schema.ts";

/** The JSON text of an event as a producer sends it. Fields that are `undefined` are left out. */
export function serializeEvent(event: WireEvent): string {
  return JSON.stringify(event);
}
