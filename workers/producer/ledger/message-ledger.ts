import type { SentTo } from "../../shared/kafka/sender.ts";
import type { Outcome } from "../send/outgoing.ts";

/**
 * Counts the messages that an instance has seen acknowledged, and how far it has come in each partition, where it sends
 * what others made (HTTP ingest, files). An event that a client sends twice is two messages here: which events are distinct
 * only the topic knows.
 */
export type MessageLedger = {
  settle(messages: number, outcome: Outcome, sentTo: SentTo | undefined): void;
  totals(): { readonly count: number; readonly unknown: number; readonly reached: Readonly<Record<string, number>> };
};

export function createMessageLedger(): MessageLedger {
  const reached: Record<string, number> = {};
  let count = 0;
  let unknown = 0;
  return {
    settle(messages, outcome, sentTo) {
      if (outcome === "unknown") unknown += messages;
      if (outcome !== "acknowledged") return;
      count += messages;
      if (sentTo === undefined || sentTo.firstOffset < 0) return;
      // One request at a time goes to a partition: what is acknowledged last lies last, in the topic as it is now.
      reached[sentTo.partition] = sentTo.firstOffset + messages - 1;
    },
    totals: () => ({ count, unknown, reached: { ...reached } }),
  };
}
