import { z } from "zod";
import type { ClickHouse } from "../clickhouse/client.ts";

/** Where a dead letter lay. Topics get recreated, so several letters may share a position. */
export type LetterPosition = { topic: string; partition: number; offset: number };

/** What reading letters needs of ClickHouse. */
export type LetterReader = Pick<ClickHouse, "query">;

/** Which letters; all conditions must hold. Times are Unix ms of the append time. */
export type LetterFilter = {
  position?: LetterPosition;
  errorClass?: string;
  fromMs?: number;
  toMs?: number;
  /** Leave out letters that were put back already. */
  notReplayed?: boolean;
};

/** One dead letter without its bytes. */
export type LetterRow = LetterPosition & {
  appendMs: number;
  payloadHash: string;
  errorClass: string;
  reason: string;
  sizeBytes: number;
  /** Unix ms; undefined: never. */
  replayedMs: number | undefined;
};

/** One dead letter with its bytes. */
export type Letter = LetterRow & { key: Buffer; payload: Buffer; headers: Record<string, Buffer> };

/** `events/3/4711` as a position; undefined when it is none. Topic names hold no slash. */
export function parsePosition(text: string): LetterPosition | undefined {
  const [, topic, partition, offset] = /^([^/]+)\/(\d{1,9})\/(\d{1,15})$/.exec(text) ?? [];
  if (topic === undefined) return undefined;
  return { topic, partition: Number(partition), offset: Number(offset) };
}

export function formatPosition({ topic, partition, offset }: LetterPosition): string {
  return `${topic}/${partition}/${offset}`;
}

const BASE_COLUMNS = `topic, kafka_partition AS p, kafka_offset AS o, toUnixTimestamp64Milli(append_time) AS t,
  payload_hash AS hash, error_class, reason, length(payload) AS size, toUnixTimestamp64Milli(replayed_at) AS replayed`;

type RawRow = {
  topic: string;
  p: number;
  o: string;
  t: string;
  hash: string;
  error_class: string;
  reason: string;
  size: string;
  replayed: string | null;
};

const toRow = (row: RawRow): LetterRow => ({
  topic: row.topic,
  partition: row.p,
  offset: Number(row.o),
  appendMs: Number(row.t),
  payloadHash: row.hash,
  errorClass: row.error_class,
  reason: row.reason,
  sizeBytes: Number(row.size),
  replayedMs: row.replayed === null ? undefined : Number(row.replayed),
});

function where(filter: LetterFilter): { sql: string; params: Record<string, unknown> } {
  const conditions = ["1"];
  const params: Record<string, unknown> = {};
  const add = (condition: string, values: Record<string, unknown>) => {
    conditions.push(condition);
    Object.assign(params, values);
  };
  if (filter.position !== undefined) {
    const { topic, partition, offset } = filter.position;
    add("topic = {topic:String} AND kafka_partition = {p:UInt32} AND kafka_offset = {o:UInt64}", {
      topic,
      p: partition,
      o: offset,
    });
  }
  if (filter.errorClass !== undefined) add("error_class = {class:String}", { class: filter.errorClass });
  if (filter.fromMs !== undefined) {
    add("append_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')", { from: filter.fromMs });
  }
  if (filter.toMs !== undefined) add("append_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')", { to: filter.toMs });
  if (filter.notReplayed) add("replayed_at IS NULL", {});
  return { sql: conditions.join(" AND "), params };
}

const ORDER = "ORDER BY append_time, topic, kafka_partition, kafka_offset";
const NEWEST_FIRST = "ORDER BY append_time DESC, topic DESC, kafka_partition DESC, kafka_offset DESC";

/** Which part of the letters found: at most `limit` after skipping `skip` (0), the oldest first unless told otherwise. */
export type LetterPage = { limit: number; skip?: number; newestFirst?: boolean };

/** Letters without bytes, one page of them; and how many there are in all. */
export async function findLetters(
  clickhouse: LetterReader,
  filter: LetterFilter,
  page: LetterPage,
): Promise<{ rows: LetterRow[]; total: number }> {
  const { sql, params } = where(filter);
  const order = page.newestFirst ? NEWEST_FIRST : ORDER;
  const [rows, counts] = await Promise.all([
    clickhouse.query<RawRow>(
      `SELECT ${BASE_COLUMNS} FROM dead_letters WHERE ${sql} ${order} LIMIT {limit:UInt64} OFFSET {skip:UInt64}`,
      { params: { ...params, limit: page.limit, skip: page.skip ?? 0 } },
    ),
    clickhouse.query<{ n: string }>(`SELECT count() AS n FROM dead_letters WHERE ${sql}`, { params }),
  ]);
  return { rows: rows.map(toRow), total: Number(counts[0]?.n ?? 0) };
}

const headersSchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** The letters of one position, with their bytes, oldest first. */
export async function loadLetters(clickhouse: LetterReader, position: LetterPosition): Promise<Letter[]> {
  const { sql, params } = where({ position });
  const rows = await clickhouse.query<RawRow & { key64: string; payload64: string; headers: string }>(
    `SELECT ${BASE_COLUMNS}, base64Encode(message_key) AS key64, base64Encode(payload) AS payload64, headers
     FROM dead_letters WHERE ${sql} ${ORDER}`,
    { params },
  );
  return rows.map((row) => ({
    ...toRow(row),
    key: Buffer.from(row.key64, "base64"),
    payload: Buffer.from(row.payload64, "base64"),
    headers: decodeHeaders(row.headers),
  }));
}

function decodeHeaders(json: string): Record<string, Buffer> {
  const headers = headersSchema.parse(JSON.parse(json === "" ? "{}" : json));
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      // A repeated header is rare and its last value is the one that counts.
      const last = typeof value === "string" ? value : (value[value.length - 1] ?? "");
      return [name, Buffer.from(last, "base64")];
    }),
  );
}
