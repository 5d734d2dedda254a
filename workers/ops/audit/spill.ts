import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError, errorMessage } from "../../shared/runtime/errors.ts";
import { hashId, RECORD_BYTES } from "./record.ts";

/**
 * Records on disk, in buckets by event id: all records of an id, of both sides, lie in one bucket, and one bucket fits
 * into memory. So the audit needs memory for a bucket, not for the topic.
 */
export type Spill = {
  readonly buckets: number;
  /** Takes a copy of the record at a byte position. */
  add(view: DataView, at: number): void;
  /** All records of a bucket. Nothing may be added any more. */
  read(bucket: number): DataView;
  /** Removes everything from disk. Idempotent. */
  remove(): void;
};

const BUFFER_RECORDS = 512;
const BUCKET_BYTES = 16 * 1024 * 1024;

/** A number of buckets (a power of two) with which `records` records make buckets of about 16 MB. */
export function bucketsFor(records: number): number {
  const wanted = (records * RECORD_BYTES) / BUCKET_BYTES;
  return Math.min(512, Math.max(16, 2 ** Math.ceil(Math.log2(Math.max(1, wanted)))));
}

/** @throws AppError `TEMP_DIR` when the directory cannot be written, for example because the disk is full. */
export function createSpill(buckets: number, parent = tmpdir()): Spill {
  const dir = guard(parent, () => mkdtempSync(join(parent, "ops-audit-")));
  const files = Array.from({ length: buckets }, (_, bucket) => join(dir, String(bucket)));
  const handles = files.map((file) => guard(parent, () => openSync(file, "w")));
  const buffers = files.map(() => new Uint8Array(BUFFER_RECORDS * RECORD_BYTES));
  const lengths = new Int32Array(buckets);
  let sealed = false;

  const flush = (bucket: number) => {
    const buffer = buffers[bucket];
    const handle = handles[bucket];
    const length = lengths[bucket] ?? 0;
    if (buffer === undefined || handle === undefined) return;
    guard(parent, () => {
      for (let done = 0; done < length; ) done += writeSync(handle, buffer, done, length - done);
    });
    lengths[bucket] = 0;
  };
  const closeFiles = () => {
    for (const handle of handles.splice(0)) closeSync(handle);
  };

  return {
    buckets,
    add(view, at) {
      // The low bits choose the slot within a bucket's table, so the high ones choose the bucket.
      const bucket = (hashId(view, at) >>> 16) & (buckets - 1);
      const buffer = buffers[bucket];
      if (buffer === undefined) return;
      const length = lengths[bucket] ?? 0;
      buffer.set(new Uint8Array(view.buffer, view.byteOffset + at, RECORD_BYTES), length);
      lengths[bucket] = length + RECORD_BYTES;
      if (length + RECORD_BYTES === buffer.length) flush(bucket);
    },
    read(bucket) {
      if (!sealed) {
        for (let each = 0; each < buckets; each++) flush(each);
        closeFiles();
        sealed = true;
      }
      const bytes = guard(parent, () => readFileSync(files[bucket] ?? ""));
      return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    remove() {
      closeFiles();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function guard<T>(dir: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const hint = `${dir}: ${errorMessage(error)}; free some space or name another directory with --temp-dir`;
    throw new AppError("TEMP_DIR", hint, { retry: false, cause: error });
  }
}
