/** The event contract: schemas, parser, buckets and checksums. Everything else imports from here. */
export { addChecksum, eventIdHash, subtractChecksum } from "./checksum.ts";
export { DEAD_LETTER_CLASSES, type DeadLetterClass, MAX_REASON_LENGTH } from "./dead-letter.ts";
export { DEFAULT_SOURCE, SOURCES, type Source } from "./envelope.ts";
export { dayStartS, hourStartS, minuteStartS } from "./minute.ts";
export { formatAmountE4, toAmountE4 } from "./money.ts";
export { type BrokerContext, type ParsedEvent, type ParseResult, parseEvent } from "./parse.ts";
export { EVENT_TYPES, EventSchema, type WireEvent } from "./schema.ts";
export { serializeEvent } from "./serialize.ts";
export { MAX_TIME_MS, parseIsoMs } from "./time.ts";
