import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { findLetters, type LetterPosition, type LetterRow } from "../../shared/dead-letters/letters.ts";
import { replayLetters } from "../../shared/dead-letters/replay.ts";
import { createKafkaClient } from "../../shared/kafka/client.ts";
import type { KafkaConfig } from "../../shared/kafka/config.ts";
import { kafkaCall, toKafkaError } from "../../shared/kafka/errors.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import type { Logger } from "../../shared/runtime/logger.ts";
import type { ConsoleMetrics } from "../metrics.ts";
import type { SentLetter } from "./fate.ts";
import type { Reads } from "./reads.ts";

/** Which letter exactly: topics get recreated, so a position may hold several. */
export type LetterKey = LetterPosition & { appendMs: number; payloadHash: string };

export type ReplayResult = {
  replayed: LetterRow[];
  /** Where the messages of the letters put back lie. */
  sent: SentLetter[];
  failed: { letter: LetterRow; error: string }[];
  skipped: LetterKey[];
};

/** Puts letters back, as `ops dlq replay` does. Letters that are gone, or put back before unless `again`, are skipped. */
export type Replayer = (
  keys: readonly LetterKey[],
  options: { edited?: Uint8Array; again: boolean },
) => Promise<ReplayResult>;

/** How long one request may take, ms. */
const TIME_LIMIT_MS = 60_000;

export function createReplayer(
  config: KafkaConfig,
  deps: { reads: Reads; writes: Pick<ClickHouse, "insert">; logger: Logger; metrics: ConsoleMetrics },
): Replayer {
  const { reads, writes, logger, metrics } = deps;
  return async (keys, { edited, again }) => {
    const result: ReplayResult = { replayed: [], sent: [], failed: [], skipped: [] };
    const rows: LetterRow[] = [];
    for (const key of keys) {
      const row = await findLetter(reads, key);
      if (row === undefined || (row.replayedMs !== undefined && !again)) result.skipped.push(key);
      else rows.push(row);
    }
    if (rows.length === 0) return result;
    const kafka = createKafkaClient(config, logger);
    const admin = kafka.admin({ retry: { retries: 2 } });
    try {
      await kafkaCall(() => admin.connect());
      await replayLetters(
        { kafka, admin, clickhouse: { query: reads.query, insert: writes.insert } },
        config.KAFKA_EVENTS_TOPIC,
        rows,
        {
          ...(edited === undefined ? {} : { edited }),
          signal: AbortSignal.timeout(TIME_LIMIT_MS),
          onDone: ({ letter, sentTo, error }) => {
            metrics.replays.inc({ outcome: error === undefined ? "replayed" : "failed" });
            if (sentTo !== undefined) result.sent.push({ letter, ...sentTo });
            if (error === undefined) result.replayed.push(letter);
            else result.failed.push({ letter, error });
          },
        },
      );
    } catch (error) {
      const failure = toKafkaError(error);
      const done = new Set([...result.replayed, ...result.failed.map(({ letter }) => letter)]);
      if (!(failure instanceof AppError) || (done.size === 0 && failure.code !== "ABORTED")) throw failure;
      // What was put back before is told all the same; to put a letter back once more changes no count.
      const reason = failure.code === "ABORTED" ? `not done within ${TIME_LIMIT_MS / 1000} s` : failure.message;
      result.failed.push(...rows.filter((row) => !done.has(row)).map((letter) => ({ letter, error: reason })));
    } finally {
      admin.disconnect().catch(() => undefined);
    }
    logger.info(
      { replayed: result.replayed.length, failed: result.failed.length, edited: edited !== undefined },
      "replay",
    );
    return result;
  };
}

async function findLetter(reads: Reads, key: LetterKey): Promise<LetterRow | undefined> {
  const { rows } = await findLetters(reads, { position: key }, { limit: 100 });
  return rows.find((row) => row.appendMs === key.appendMs && row.payloadHash === key.payloadHash);
}
