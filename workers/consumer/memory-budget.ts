const MIB = 1_048_576;
/** What the process has besides what it buffers: the runtime, the client, and garbage that is not collected yet. */
const REST_MIB = 176;
/** Garbage grows by so much between two looks at the memory, and while an insert is sent. */
const SLACK_MIB = 96;
/** Memory of a row while it waits for its insert, with a share of the fetched batch it came in; two batches have to fit. */
const BYTES_PER_ROW = 1_250;
/** Larger inserts are no cheaper for the store. */
const MAX_ROWS = 160_000;
const FETCH = { shareOfBuffer: 16, minBytes: MIB, maxBytes: 6 * MIB, partitions: 6 };

/** Least that leaves room for a buffer, MiB. */
export const MIN_MEMORY_MB = 200;

/** What a person may set. Each wins over what follows from the one before. */
export type MemorySettings = {
  MEMORY_MB: number;
  MAX_BUFFERED_BYTES?: number | undefined;
  BATCH_MAX_BYTES?: number | undefined;
  BATCH_MAX_ROWS?: number | undefined;
};

/** Sizes of buffers, inserts and fetches, bytes. */
export type MemoryBudget = {
  /** Held for messages before fetching pauses. */
  maxBufferedBytes: number;
  /** Held for a batch that completes it. */
  maxBatchBytes: number;
  /** Rows that complete a batch, and the most of one insert. */
  maxRows: number;
  /** Of one fetch, and of it for each partition. */
  fetchBytes: number;
  fetchBytesPerPartition: number;
  /** Memory of the process above which garbage is collected. */
  collectAboveBytes: number;
};

/** Divides the memory of the process. */
export function memoryBudget(settings: MemorySettings): MemoryBudget {
  const { MEMORY_MB, MAX_BUFFERED_BYTES, BATCH_MAX_BYTES, BATCH_MAX_ROWS } = settings;
  const maxBufferedBytes = MAX_BUFFERED_BYTES ?? (MEMORY_MB - REST_MIB) * MIB;
  const fetchBytes = clamp(Math.floor(maxBufferedBytes / FETCH.shareOfBuffer), FETCH.minBytes, FETCH.maxBytes);
  return {
    maxBufferedBytes,
    maxBatchBytes: BATCH_MAX_BYTES ?? Math.floor(maxBufferedBytes / 2),
    maxRows: BATCH_MAX_ROWS ?? clamp(Math.floor(maxBufferedBytes / BYTES_PER_ROW), 1, MAX_ROWS),
    fetchBytes,
    fetchBytesPerPartition: Math.floor(fetchBytes / FETCH.partitions),
    // Buffers that somebody made larger than the budget must not keep the collector busy for ever.
    collectAboveBytes: Math.max(MEMORY_MB * MIB, maxBufferedBytes + REST_MIB * MIB) - SLACK_MIB * MIB,
  };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
