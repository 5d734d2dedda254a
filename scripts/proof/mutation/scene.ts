import { join, relative } from "node:path";
import { z } from "zod";
import { type ClickHouse, createClickHouse } from "../../../workers/shared/clickhouse/client.ts";
import { createKafkaClient, type KafkaMessage } from "../../../workers/shared/kafka/client.ts";
import { kafkaConfigShape } from "../../../workers/shared/kafka/config.ts";
import {
  fetchCommittedOffsets,
  fetchTopicRanges,
  type PartitionRange,
  readTopic,
} from "../../../workers/shared/kafka/topic-reader.ts";
import { loadConfig } from "../../../workers/shared/runtime/config.ts";
import { AppError } from "../../../workers/shared/runtime/errors.ts";
import { createLogger } from "../../../workers/shared/runtime/logger.ts";
import { kafkaEnv, type RunningWorker, type Stack, startWorker, uniqueName } from "../../testkit/index.ts";
import { waitFor } from "../../testkit/process/wait-for.ts";
import {
  COPIES_PER_PARTITION,
  firstHourMs,
  foreignMessages,
  LEDGERED,
  PARTITIONS,
  type SceneMessage,
  TARGET_OFFSET,
} from "./load.ts";

const ROOT = join(import.meta.dir, "../../..");

/** The end of one `ops` command. */
export type OpsRun = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type SceneOptions = {
  /** Directory of patched sources; undefined: the compiled workers of dist/. */
  readonly tree?: string | undefined;
};

/** Topics, groups and a database of one mutant in a stack shared with others. */
export type Scene = Awaited<ReturnType<typeof createScene>>;

/** Makes a scene; about 2 s. The checkers are always the compiled, unpatched ones; everything else is of the tree. */
export async function createScene(stack: Stack, { tree }: SceneOptions) {
  const name = uniqueName("mutant");
  const env: Record<string, string> = {
    ...kafkaEnv(stack.brokers, name),
    CLICKHOUSE_URL: stack.clickhouse.url,
    CLICKHOUSE_USER: stack.clickhouse.user,
    CLICKHOUSE_PASSWORD: stack.clickhouse.password,
    CLICKHOUSE_DATABASE: name,
    HEALTH_PORT: "0",
  };
  const workers: RunningWorker[] = [];
  /** A worker of the tree, or the compiled one where `compiled` says so or there is no tree. */
  const start = (worker: string, args: readonly string[], options: { compiled?: boolean } = {}): RunningWorker => {
    const entry = tree === undefined ? undefined : relative(ROOT, join(tree, "workers", worker, "main.ts"));
    const spec = entry === undefined || options.compiled === true ? { binary: worker } : { entry };
    const running = startWorker({ ...spec, args, env });
    workers.push(running);
    return running;
  };
  const ops = async (args: readonly string[], options: { compiled?: boolean } = {}): Promise<OpsRun> => {
    const run = start("ops", args, { compiled: options.compiled ?? true });
    const code = await run.exited;
    const text = run.logs.map((line) => line.text);
    const json = text.filter((line) => line.startsWith('{"verdict"'));
    return { code, stdout: json.at(-1) ?? "", stderr: text.join("\n") };
  };

  const migrated = await ops(["migrate", "--partitions", String(PARTITIONS)], { compiled: false });
  if (migrated.code !== 0) throw new Error(`migrate failed (${migrated.code}): ${migrated.stderr.slice(-500)}`);
  const kafka = createKafkaClient(
    loadConfig(z.object(kafkaConfigShape), env),
    createLogger({ name: "mutation", level: "silent" }),
  );
  const admin = kafka.admin();
  const client = kafka.producer({ allowAutoTopicCreation: false, idempotent: true });
  const clickhouse: ClickHouse = createClickHouse({
    CLICKHOUSE_URL: stack.clickhouse.url,
    CLICKHOUSE_USER: stack.clickhouse.user,
    CLICKHOUSE_PASSWORD: stack.clickhouse.password,
    CLICKHOUSE_DATABASE: name,
    CLICKHOUSE_TIMEOUT_MS: 60_000,
  });
  await Promise.all([admin.connect(), client.connect()]);
  const baseMs = firstHourMs(Date.now());

  const send = async (messages: readonly SceneMessage[]) => {
    await client.send({ topic: name, acks: -1, messages: messages.map((message) => ({ key: "foreign", ...message })) });
  };
  /** Empty while the group's coordinator is not to be had, as just after the broker's start. */
  const fetchCommitted = async () => {
    try {
      return await fetchCommittedOffsets(admin, name, name);
    } catch (error) {
      if (error instanceof AppError && error.retry) return new Map<number, number>();
      throw error;
    }
  };
  const allCommitted = async () => {
    const [ranges, committed] = await Promise.all([fetchTopicRanges(admin, name), fetchCommitted()]);
    return ranges.every(({ partition, from, end }) => end === from || committed.get(partition) === end);
  };
  const textsOf = async (ranges: readonly PartitionRange[]) => {
    const texts: string[] = [];
    const onMessages = (_: number, messages: readonly KafkaMessage[]) => {
      for (const { value } of messages) texts.push(String(value));
    };
    await readTopic(
      { kafka, admin },
      { topic: name, ranges, groupPrefix: `${name}-reader`, stallMs: 60_000, onMessages },
    );
    return texts;
  };
  const lastTexts = async () =>
    textsOf(
      (await fetchTopicRanges(admin, name)).map(({ partition, end }) => {
        if (end < TARGET_OFFSET + 1 + COPIES_PER_PARTITION)
          throw new Error(`partition ${partition} has only ${end} messages`);
        return { partition, from: end - COPIES_PER_PARTITION, end };
      }),
    );

  return {
    name,
    /** Unix ms of the first hour that has events. */
    baseMs,
    clickhouse,
    start,
    ops,
    send,
    /** Sends the events that a producer counts in its ledger. */
    sendLedgered: async () => {
      const flags = `--count ${LEDGERED} --rate 250 --users 60 --late-share 0 --duplicate-share 0 --malformed-share 0`;
      const producer = start("producer", ["simulate", ...flags.split(" ")]);
      const code = await producer.exited;
      if (code !== 0) throw new Error(`the producer ended with ${code}:\n${tail(producer)}`);
    },
    /** Sends what another client sends: copies, further events, and what must be refused. */
    sendForeign: async () => send(foreignMessages(await lastTexts(), baseMs)),
    /** The text of the message at an offset of the first partition. */
    textAt: async (offset: number) => (await textsOf([{ partition: 0, from: offset, end: offset + 1 }]))[0] ?? "",
    /** Resolves when the group has committed everything. */
    untilCommitted: () =>
      waitFor(allCommitted, { timeoutMs: 90_000, describe: `${name}: all offsets to be committed` }),
    /** Resolves when the group has committed something. */
    untilAnyCommitted: () =>
      waitFor(async () => (await fetchCommitted()).size > 0, {
        timeoutMs: 90_000,
        intervalMs: 50,
        describe: `${name}: an offset to be committed`,
      }),
    /** Resolves when events, minutes and hours add up to the same. */
    untilShown: () =>
      waitFor(() => isShown(clickhouse), { timeoutMs: 90_000, describe: `${name}: the views to be up to date` }),
    /** Resolves when no minute and no hour is about to be recomputed, so that what is written into a view stays. */
    untilQuiet: () =>
      waitFor(() => isQuiet(clickhouse), { timeoutMs: 90_000, describe: `${name}: an end of the recomputation` }),
    command: (sql: string, params: Record<string, unknown> = {}) =>
      clickhouse.command(sql, { params, settings: { mutations_sync: 2, lightweight_deletes_sync: 2 } }),
    close: async () => {
      for (const worker of workers) if (worker.exitCode === null) await worker.kill("SIGKILL");
      await Promise.allSettled([admin.disconnect(), client.disconnect()]);
      await clickhouse.command(`DROP DATABASE IF EXISTS ${name} SYNC`);
      await clickhouse.close();
    },
  };
}

const tail = (worker: RunningWorker) =>
  worker.logs
    .slice(-15)
    .map((line) => line.text)
    .join("\n");

/** Whether the sums of events, minutes and hours are equal: enough for what follows, which compares them properly. */
async function isShown(clickhouse: ClickHouse): Promise<boolean> {
  const [row] = await clickhouse.query<{ events: string; minutes: string; hours: string }>(
    `SELECT (SELECT count() FROM events) AS events, (SELECT sum(events) FROM events_per_minute) AS minutes,
       (SELECT sum(events) FROM events_per_hour) AS hours`,
  );
  return row !== undefined && Number(row.events) > 0 && row.events === row.minutes && row.minutes === row.hours;
}

async function isQuiet(clickhouse: ClickHouse): Promise<boolean> {
  const heads = "WHERE source = '' AND event_type = ''";
  const [row] = await clickhouse.query<{ minutes: string; hours: string }>(
    `WITH minutes AS (
       SELECT event_minute, max(rows_marked) AS recorded, max(computed_at) AS computed, max(version) AS newest
       FROM events_per_minute_store ${heads} GROUP BY event_minute)
     SELECT (
       SELECT count()
       FROM (
         SELECT event_minute, sum(rows_marked) AS marked, max(touched_at) AS touched FROM minute_marks GROUP BY event_minute
       ) AS marks
       LEFT JOIN minutes USING (event_minute)
       WHERE marked != recorded OR touched > computed - INTERVAL 1 SECOND
     ) AS minutes, (
       SELECT count()
       FROM (SELECT toStartOfHour(event_minute) AS event_hour, sum(newest) AS wanted FROM minutes GROUP BY event_hour) AS hours
       LEFT JOIN (
         SELECT event_hour, max(version) AS included FROM events_per_hour_store ${heads} GROUP BY event_hour
       ) AS shown USING (event_hour)
       WHERE wanted != included
     ) AS hours`,
  );
  return row?.minutes === "0" && row.hours === "0";
}
