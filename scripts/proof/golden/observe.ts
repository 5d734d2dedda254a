import { RowBuilder } from "../../../workers/consumer/row-builder.ts";
import { type AuditVerdict, createContract } from "../../../workers/ops/audit/contract.ts";
import { shippedDocuments } from "../../../workers/ops/audit/documents.ts";
import { contentHash, groupHash, moneyOf } from "../../../workers/ops/audit/record.ts";
import { type ParsedEvent, parseEvent } from "../../../workers/shared/event/index.ts";
import { EventScanner } from "../../../workers/shared/event/scan/event-scanner.ts";
import type { CorpusMessage } from "./corpus.ts";

/** What is remembered of the pipeline, each a line a message (a line an insert of `rows`). */
export const ASPECTS = ["corpus", "verdicts", "fields", "values", "rows", "scanned", "audit"] as const;
export type Aspect = (typeof ASPECTS)[number];
export type Observation = Readonly<Record<Aspect, string[]>>;

export const LIMITS = { maxAgeMs: 30 * 86_400_000, maxFutureMs: 600_000, maxBytes: 1_000_000 };
/** Processed so long after it was appended, ms: the clock of the golden rows. */
export const PROCESSED_AFTER_MS = 250;
export const LATE_AFTER_MS = 20_000;
/** Few enough that a day's rows need several inserts. */
const MAX_ROWS = 1_500;

/** The values of an accepted event, by name and in a fixed order: types may change in code, figures may not. */
const valuesOf = (event: ParsedEvent) =>
  JSON.stringify([
    event.eventId,
    event.eventTimeMs,
    event.receivedTimeMs,
    event.source,
    event.eventType,
    event.userId,
    event.sessionId,
    String(event.amountE4),
    event.currency,
    event.payloadJson,
    event.extraJson,
  ]);

/** The field that a reason names first: the wording may change, the field may not. */
const fieldOf = (reason: string) => /^([\w.]+): /.exec(reason)?.[1] ?? "";

/** What parser, scanner, audit and row builder make of consecutive messages, in one insert buffer. */
export function createObserver(): (messages: readonly CorpusMessage[]) => Observation {
  const scanner = new EventScanner();
  const audit = createContract(LIMITS, shippedDocuments());
  const rows = new RowBuilder({ ...LIMITS, lateAfterMs: LATE_AFTER_MS, maxRows: MAX_ROWS });
  return (messages) => {
    const seen: Observation = { corpus: [], verdicts: [], fields: [], values: [], rows: [], scanned: [], audit: [] };
    for (const { record, partition } of messages) {
      const { value, appendTimeMs } = record;
      const parsed = parseEvent(value, { appendTimeMs, ...LIMITS });
      seen.corpus.push(`${Bun.hash.xxHash64(value ?? "null")} ${appendTimeMs}`);
      seen.verdicts.push(parsed.ok ? "stored" : parsed.errorClass);
      seen.fields.push(parsed.ok ? "" : fieldOf(parsed.reason));
      seen.values.push(parsed.ok ? valuesOf(parsed.event) : "");
      seen.scanned.push(value !== null && scanner.scan(value) ? "scanned" : "left");
      seen.audit.push(auditLine(audit(value, appendTimeMs, record.headers), value?.length ?? 0));
      rows.add(record, partition, appendTimeMs + PROCESSED_AFTER_MS);
    }
    for (const insert of rows.inserts()) {
      const bytes = Buffer.concat([...insert.encode().pieces]);
      seen.rows.push(`${insert.dayS} ${insert.length} rows, ${bytes.length} bytes, ${Bun.hash.xxHash64(bytes)}`);
    }
    rows.reset();
    return seen;
  };
}

/** The audit's verdict, its values and the hashes by which it compares them with the store's. */
function auditLine(verdict: AuditVerdict, sizeBytes: number): string {
  if (!verdict.ok) return verdict.errorClass;
  const { event } = verdict;
  const { amountE4, currency } = moneyOf(event.columns);
  return JSON.stringify([
    event.id,
    event.timeMs,
    event.receivedMs,
    event.source,
    event.type,
    event.userId,
    event.sessionId,
    String(amountE4),
    currency,
    event.payload,
    event.extra,
    String(groupHash(event.source, event.type)),
    String(contentHash({ ...event, producer: "p", sizeBytes })),
  ]);
}
