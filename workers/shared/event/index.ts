/** The event contract: schemas, parser, buckets and checksums. Everything else imports from here. */
export { addChecksum, eventIdHash, subtractChecksum } from "./checksum.ts";
export { DEAD_LETTER_CLASSES, type DeadLetterClass } from "./dead-letter.ts";
export { SOURCES, type Source } from "./envelope.ts";
export { dayStartS, minuteStartS } from "./minute.ts";
export { formatAmountE4 } from "./money.ts";
export { type BrokerContext, type ParsedEvent, type ParseResult, parseEvent } from "./parse.ts";
export { EVENT_TYPES, type WireEvent } from "./schema.ts";
export { serializeEvent } from "./serialize.ts";
export { parseIsoMs } from "./time.ts";
