import type { WireEvent } from "../../../shared/event/index.ts";

type BodyOf<E> = E extends { event_type: string } ? Pick<E, "event_type" | ("payload" & keyof E)> & SourceOf<E> : never;
type SourceOf<E> = E extends { source: infer S extends string } ? { source: S } : { source?: "web" };

/** What a visit decides about its next event; identity and times are the simulator's. */
export type EventBody = BodyOf<WireEvent>;

/** The behaviour of one user, or one device, over one session. */
export interface Visit {
  /** The user or device; also the key of its messages, so that its events keep their order. */
  readonly key: string;
  /** Undefined for devices, which have no sessions. */
  readonly sessionId: string | undefined;
  /** The next event of the visit, or undefined once it is over. */
  next(): EventBody | undefined;
}
