import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { dateTime64, encodeJsonRows } from "../../shared/clickhouse/tables/json-rows.ts";

/** The last message that was compared: a topic created anew holds another one there. */
export type Anchor = { offset: number; appendMs: number; hash: bigint };

/** How far the continuous audit has come in one partition. Times Unix ms, minutes and hours Unix s. */
export type Progress = {
  partition: number;
  /** Every offset from here up to, but without, `next` is compared. */
  first: number;
  next: number;
  /** Everything appended before is compared. */
  provenUntilMs: number | undefined;
  anchor: Anchor | undefined;
  /** Touched and not compared yet: they are being recomputed. */
  openMinutes: Set<number>;
  openHours: Set<number>;
  /** Offsets that could not be compared, ever. */
  unproven: number;
  /** What the proof stands at; empty: nothing differs. */
  difference: string;
  version: number;
};

/** A partition of which nothing is proven yet. */
export function startAt(partition: number, offset: number): Progress {
  return {
    partition,
    first: offset,
    next: offset,
    provenUntilMs: undefined,
    anchor: undefined,
    openMinutes: new Set(),
    openHours: new Set(),
    unproven: 0,
    difference: "",
    version: 0,
  };
}

type Row = Record<
  "first" | "next" | "anchor_offset" | "anchor_ms" | "hash" | "unproven" | "difference" | "v",
  string
> & {
  p: number;
  proven: string | null;
  minutes: number[];
  hours: number[];
};

/** What an earlier process has proven, by partition. */
export async function readProgress(clickhouse: ClickHouse, topic: string): Promise<Map<number, Progress>> {
  const rows = await clickhouse.query<Row>(
    `SELECT kafka_partition AS p, first_offset AS first, next_offset AS next, toUnixTimestamp64Milli(proven_until) AS proven,
       anchor_offset, toUnixTimestamp64Milli(anchor_time) AS anchor_ms, anchor_hash AS hash,
       arrayMap(t -> toUnixTimestamp(t), open_minutes) AS minutes, arrayMap(t -> toUnixTimestamp(t), open_hours) AS hours,
       unproven, difference, version AS v
     FROM proof_progress FINAL WHERE topic = {topic:String}`,
    { params: { topic } },
  );
  return new Map(rows.map((row) => [row.p, toProgress(row)]));
}

function toProgress(row: Row): Progress {
  const appendMs = Number(row.anchor_ms);
  return {
    partition: row.p,
    first: Number(row.first),
    next: Number(row.next),
    provenUntilMs: row.proven === null ? undefined : Number(row.proven),
    anchor: appendMs === 0 ? undefined : { offset: Number(row.anchor_offset), appendMs, hash: BigInt(row.hash) },
    openMinutes: new Set(row.minutes),
    openHours: new Set(row.hours),
    unproven: Number(row.unproven),
    difference: row.difference,
    version: Number(row.v),
  };
}

const COLUMNS = [
  "topic",
  "kafka_partition",
  "first_offset",
  "next_offset",
  "proven_until",
  "anchor_offset",
  "anchor_time",
  "anchor_hash",
  "open_minutes",
  "open_hours",
  "unproven",
  "difference",
  "saved_at",
  "version",
] as const;

/** Saves all partitions at once; call it only when their comparisons are whole. */
export async function saveProgress(
  clickhouse: ClickHouse,
  topic: string,
  proofs: Iterable<Progress>,
  nowMs: number,
): Promise<void> {
  const rows = [...proofs].map((proof) => {
    proof.version++;
    const { anchor } = proof;
    return {
      topic,
      kafka_partition: proof.partition,
      first_offset: proof.first,
      next_offset: proof.next,
      proven_until: dateTime64(proof.provenUntilMs),
      anchor_offset: anchor?.offset ?? 0,
      anchor_time: dateTime64(anchor?.appendMs ?? 0),
      anchor_hash: String(anchor?.hash ?? 0n),
      open_minutes: [...proof.openMinutes],
      open_hours: [...proof.openHours],
      unproven: proof.unproven,
      difference: proof.difference,
      saved_at: dateTime64(nowMs),
      version: proof.version,
    };
  });
  if (rows.length > 0) await clickhouse.insert("proof_progress", COLUMNS, encodeJsonRows(rows));
}
