import fc from "fast-check";
import { type ParseResult, parseEvent } from "../../../workers/shared/event/index.ts";
import { EventScanner } from "../../../workers/shared/event/scan/event-scanner.ts";
import { type FuzzMessage, messages } from "./generators/messages.ts";
import { DEFAULT_LIMITS, isDeep, type Opinion, opinionOn, plainDecimal } from "./oracle.ts";
import { type FuzzOptions, type PartResult, show, Tally } from "./progress.ts";

/** Cases between two lines of progress; each portion has a seed of its own. */
const PORTION = 25_000;

const scanner = new EventScanner();

/** What the scanner read, as text and numbers; undefined when it leaves the message to the parser. */
function scanned(bytes: Buffer) {
  if (!scanner.scan(bytes)) return undefined;
  const text = (from: number, to: number) => bytes.toString("utf8", from, to);
  const { currencyAt, rule } = scanner;
  return {
    eventId: text(scanner.idAt, scanner.idAt + 36).toLowerCase(),
    userId: text(scanner.userAt, scanner.userEnd),
    source: rule.source,
    eventType: rule.eventType,
    eventTimeMs: scanner.eventTimeMs,
    receivedTimeMs: scanner.receivedTimeMs,
    sessionId: text(scanner.sessionAt, scanner.sessionEnd),
    amountE4: scanner.amountE4,
    currency: currencyAt === 0 ? "" : text(currencyAt, currencyAt + 3),
    payloadJson: text(scanner.payloadAt, scanner.payloadEnd),
    extraJson: scanner.extraJson,
  };
}

/** Throws when scanner, parser, oracle, or generator disagree about a message; answers what they agree on. */
export function compareVerdicts(message: FuzzMessage, appendTimeMs: number): string {
  const { value } = message;
  const result = parseEvent(value, { appendTimeMs, ...DEFAULT_LIMITS });
  const verdict = result.ok ? "stored" : result.errorClass;
  const opinion = opinionOn(value, appendTimeMs, DEFAULT_LIMITS);
  const expected = opinion.ok ? "stored" : opinion.errorClass;
  if (verdict !== expected) throw new Error(`${message.kind}: parser says ${verdict}, oracle ${expected}`);
  if (message.known !== undefined && message.known !== verdict) {
    throw new Error(`${message.kind}: parser says ${verdict}, the generator knows ${message.known}`);
  }
  if (result.ok && opinion.ok) compareValues(result.event, opinion.event, String(value));
  const fast = value === null ? undefined : scanned(value);
  if (fast === undefined) return verdict;
  compareScanned(fast, result);
  return `${verdict} (scanned)`;
}

type Parsed = Extract<ParseResult, { ok: true }>["event"];
type Expected = Extract<Opinion, { ok: true }>["event"];

function compareValues(event: Parsed, expected: Expected, text: string): void {
  if (!text.includes(event.payloadJson)) throw new Error("the payload is not stored as it was sent");
  if (isDeep(text)) return;
  const { eventId, userId, source, eventType, eventTimeMs, receivedTimeMs, sessionId, currency } = event;
  const found = {
    ...{ eventId, userId, source, eventType, eventTimeMs, receivedTimeMs, sessionId, currency },
    amount: plainDecimal((event.amountE4 / 10_000).toFixed(4)),
    payload: event.payloadJson === "" ? undefined : JSON.parse(event.payloadJson),
    extra: JSON.parse(event.extraJson || "{}"),
  };
  if (!Bun.deepEquals(found, { ...expected, amount: plainDecimal(Number(expected.amount).toFixed(4)) })) {
    throw new Error(`parser read ${Bun.inspect(found)}, oracle ${Bun.inspect(expected)}`);
  }
}

function compareScanned(fast: NonNullable<ReturnType<typeof scanned>>, result: ParseResult): void {
  if (!result.ok) {
    // The scanner knows nothing of sizes and clocks: those are looked at behind it.
    if (result.errorClass === "too_old" || result.errorClass === "in_future" || result.errorClass === "too_large")
      return;
    throw new Error(`the scanner accepts what the parser refuses: ${result.reason}`);
  }
  const { eventMinuteS: _, sizeBytes: __, ...slow } = result.event;
  if (!Bun.deepEquals(fast, slow)) throw new Error(`scanner read ${Bun.inspect(fast)}, parser ${Bun.inspect(slow)}`);
}

/** Compares parser, scanner and oracle on messages that never leave the process. */
export function fuzzContract({ seed, cases, log }: FuzzOptions): PartResult {
  const began = performance.now();
  const baseMs = Date.now();
  const tally = new Tally();
  const failures: string[] = [];
  let done = 0;
  for (let portion = 0; done < cases && failures.length === 0; portion++) {
    const numRuns = Math.min(PORTION, cases - done);
    const property = fc.property(messages(baseMs, { large: false }), (message) => {
      tally.add(compareVerdicts(message, baseMs));
    });
    const outcome = fc.check(property, { seed: seed + portion, numRuns });
    if (outcome.failed) {
      const [message] = outcome.counterexample ?? [];
      const where = `SEED=${seed}, portion ${portion}, path ${outcome.counterexamplePath}`;
      failures.push(`${where}: ${outcome.errorInstance}\n  message: ${show(message?.value ?? null)}`);
    }
    done += outcome.numRuns;
    const rate = Math.round((done / (performance.now() - began)) * 1000);
    log(`contract ${done.toLocaleString("en")}/${cases.toLocaleString("en")}, ${rate.toLocaleString("en")}/s`);
  }
  const seconds = (performance.now() - began) / 1000;
  return { part: "contract", cases: done, seconds, figures: tally.figures, failures };
}
