/** Names of the Kafka headers the workers write. Values are UTF-8 text. */
export const HEADERS = {
  /** Producer instance whose ledger counts the event; absent for foreign producers. */
  producer: "producer-instance",
  /** Dead letters: machine-readable class and reason. */
  deadLetterClass: "dead-letter-class",
  deadLetterReason: "dead-letter-reason",
  /** Dead letters: where the original lay. */
  originTopic: "origin-topic",
  originPartition: "origin-partition",
  originOffset: "origin-offset",
  originAppendTime: "origin-append-time-ms",
  /** A replayed dead letter: `<topic>/<partition>/<offset>` of the original. */
  replayOf: "replay-of",
} as const;
