import { RowBuilder } from "../../workers/consumer/row-builder.ts";
import {
  createSimulator,
  type PlannedSend,
  SIMULATOR_DEFAULTS,
} from "../../workers/producer/sources/simulate/index.ts";
import type { KafkaRecord } from "../../workers/shared/kafka/group-types.ts";
import { HEADERS } from "../../workers/shared/kafka/headers.ts";

/** What to prepare. */
export type BlockOptions = {
  /** Rows of all blocks together, copies included. */
  rows: number;
  rowsPerBlock: number;
  /** Simulated arrivals per second: decides how many minutes the rows touch. */
  ratePerSecond: number;
  /** When the simulated time starts, ms. */
  startTimeMs: number;
  /** The first Kafka offset of each partition. */
  firstOffset?: number;
  seed?: string;
};

/** One insert into events_raw as the consumer makes it. */
export type PreparedBlock = { rows: number; format: string; pieces: readonly Uint8Array[] };

const PARTITIONS = 6;
const LIMITS = { maxAgeMs: 30 * 86_400_000, maxFutureMs: 600_000, maxBytes: 1_048_576, lateAfterMs: 5_000 };

/**
 * Blocks of simulated events of all four sources with 10 % late and 5 % duplicates, encoded by the consumer's own code.
 * Deterministic in its options.
 */
export function* eventBlocks(options: BlockOptions): Generator<PreparedBlock> {
  const simulator = createSimulator({
    ...SIMULATOR_DEFAULTS,
    seed: options.seed ?? "blocks",
    instanceId: "bench",
    startTimeMs: options.startTimeMs,
    rhythm: { ratePerSecond: options.ratePerSecond },
    users: 10_000,
    duplicateShare: 0.05,
  });
  const judged = new RowBuilder({ ...LIMITS, maxRows: options.rowsPerBlock });
  const offsets = Array.from({ length: PARTITIONS }, () => options.firstOffset ?? 0);
  for (let left = options.rows; left > 0; left -= options.rowsPerBlock) {
    for (let row = Math.min(left, options.rowsPerBlock); row > 0; row--) {
      const send = simulator.next();
      if (send === undefined) throw new RangeError("the simulator ended");
      const partition = Bun.hash.crc32(send.key) % PARTITIONS;
      const offset = offsets[partition] ?? 0;
      offsets[partition] = offset + 1;
      const refused = judged.add(recordOf(send, offset), partition, send.sendAtMs + 30);
      if (refused !== undefined) throw new RangeError(`refused: ${refused.reason}`);
    }
    for (const insert of judged.inserts()) {
      const { format, pieces } = insert.encode();
      // A copy, which `slice` of a Buffer would not be.
      yield { rows: insert.length, format, pieces: [Buffer.concat(pieces)] };
    }
    judged.reset();
  }
}

function recordOf(send: PlannedSend, offset: number): KafkaRecord {
  const value = Buffer.from(send.value ?? "");
  return { offset, appendTimeMs: send.sendAtMs + 5, key: null, value, headers: PRODUCER_HEADERS };
}

const PRODUCER_HEADERS = { [HEADERS.producer]: Buffer.from("bench-producer") };
