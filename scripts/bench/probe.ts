import { z } from "zod";
import { createKafkaClient } from "../../workers/shared/kafka/client.ts";
import { kafkaConfigShape } from "../../workers/shared/kafka/config.ts";
import { loadConfig } from "../../workers/shared/runtime/config.ts";
import { createLogger } from "../../workers/shared/runtime/logger.ts";

/** What a probe asks: where Kafka is, and SQL. */
export type Probed = { env: Readonly<Record<string, string>>; one<Row>(sql: string): Promise<Row> };

/** Times from sending an event until SQL shows it, ms, one entry a probe. */
export type Freshness = { queryableMs: number[]; minuteViewMs: number[] };

const MINUTE_MS = 60_000;
/** Pauses between two looks; the minute view takes seconds, so that looking seldom is exact enough and cheaper. */
const POLL_MS = { events: 10, events_per_minute: 50 } as const;
const GIVE_UP_MS = 60_000;

/**
 * Sends one event every `everyMs` beside the running load and polls until `events` and `events_per_minute` show it.
 * Each probe has a minute of its own in a past day, so that one row of the minute view tells of one probe.
 */
export async function probeFreshness(
  pipeline: Probed,
  options: { probes: number; everyMs: number },
): Promise<Freshness> {
  const config = loadConfig(z.object(kafkaConfigShape), pipeline.env);
  const producer = createKafkaClient(config, createLogger({ name: "probe", level: "silent" })).producer();
  await producer.connect();
  const firstMinute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 10 * 1440 * MINUTE_MS;
  const freshness: Freshness = { queryableMs: [], minuteViewMs: [] };
  const pending: Promise<void>[] = [];
  try {
    for (let i = 0; i < options.probes; i++) {
      const minute = firstMinute + i * MINUTE_MS;
      const eventTime = new Date(minute).toISOString();
      const event = {
        event_id: crypto.randomUUID(),
        user_id: "probe",
        event_type: "click",
        event_time: eventTime,
        received_time: eventTime,
      };
      const sent = performance.now();
      await producer.send({
        topic: config.KAFKA_EVENTS_TOPIC,
        acks: -1,
        messages: [{ key: `probe-${i}`, value: JSON.stringify(event) }],
      });
      const seen = (view: "events" | "events_per_minute") =>
        untilShown(
          pipeline,
          `SELECT count() AS n FROM ${view} WHERE event_minute = ${minute / 1000}`,
          sent,
          POLL_MS[view],
        );
      pending.push(
        seen("events").then((ms) => void freshness.queryableMs.push(ms)),
        seen("events_per_minute").then((ms) => void freshness.minuteViewMs.push(ms)),
      );
      await Bun.sleep(options.everyMs);
    }
    await Promise.all(pending);
  } finally {
    await producer.disconnect();
  }
  return freshness;
}

async function untilShown(pipeline: Probed, sql: string, since: number, pollMs: number): Promise<number> {
  for (;;) {
    const { n } = await pipeline.one<{ n: string }>(sql);
    const elapsed = performance.now() - since;
    if (Number(n) > 0) return elapsed;
    if (elapsed > GIVE_UP_MS) throw new Error(`a probe was not shown within ${GIVE_UP_MS / 1000} s: ${sql}`);
    await Bun.sleep(pollMs);
  }
}
