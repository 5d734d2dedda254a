import type { SendMessage, SendOutcome } from "../../shared/kafka/sender.ts";

/** What the ledger counts of an event. */
export type LedgerFact = {
  /** Lower-case UUID. */
  readonly eventId: string;
  /** Start of the event's minute, Unix seconds. */
  readonly minute: number;
  readonly source: string;
  readonly eventType: string;
  /** True for a copy of an event that this instance has sent before. */
  readonly resend: boolean;
};

/** `unsent`: given up before it was handed to Kafka, so it is certainly not in the topic. */
export type Outcome = SendOutcome | "unsent";

/** What kind of message it is, for metrics. */
export type OutgoingKind = "event" | "resend" | "malformed";

/** A message on its way to Kafka. */
export type Outgoing = SendMessage & {
  readonly kind: OutgoingKind;
  /** Size of key and value, bytes. */
  readonly sizeBytes: number;
  /** Absent: the ledger does not count it. */
  readonly fact?: LedgerFact;
  /** Called once when its fate is known. */
  readonly settled?: (outcome: Outcome) => void;
};
