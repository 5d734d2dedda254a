import type { Slot } from "./layout.ts";

/** Something that lies in the lake. */
export type LakeObject = {
  /** Relative to the lake, as `events/date=…`. */
  key: string;
  /** Changes whenever the object is replaced. */
  etag: string;
  sizeBytes: number;
};

/** Where Parquet files go and come from. Every method may throw LakeStorageError (retry true). */
export type LakeTarget = {
  /** The lake's name in the records, as `s3://bucket/prefix`. */
  readonly name: string;
  /** All objects whose key begins with this, in no particular order. */
  list(prefix: string): Promise<LakeObject[]>;
  /**
   * Writes the rows of a SELECT on the store as the object of an hour and source, which replaces the earlier one as a
   * whole.
   */
  write(slot: Slot, select: SqlText): Promise<void>;
  /**
   * Rows of `SELECT _path AS path, <list> FROM <objects that match> GROUP BY _path`, keys in place of paths. `source` is
   * taken from the path.
   */
  read<Row extends object>(glob: string, list: string): Promise<(Row & { key: string })[]>;
  /**
   * Runs a statement on one object, with the settings of an insert. `sql` is given what stands for the object in a FROM
   * clause: its columns, and `source` from its path.
   */
  query<Row>(key: string, sql: (files: string) => string, params: SqlText["params"]): Promise<Row[]>;
  /** Writes a small file beside the lake's, finds it by listing, and removes it: whether an export could do its work. */
  probe(): Promise<void>;
  /** Removes objects; those that are gone already count as removed. */
  remove(keys: readonly string[]): Promise<void>;
};

/** SQL with the values of its parameters. */
export type SqlText = { sql: string; params: Record<string, unknown> };

/** Settings of every statement that writes Parquet. */
export const PARQUET_SETTINGS = {
  output_format_parquet_compression_method: "zstd",
  // About 15 MB a group: small enough to be read in parallel and skipped by time, large enough to compress.
  output_format_parquet_row_group_size: 250_000,
  output_format_parquet_string_as_string: 1,
  output_format_parquet_datetime_as_uint32: 0,
} as const;

/** Key of a file that shows whether the lake can be written; where no reader looks. */
export function probeKey(): string {
  return `.probe/${crypto.randomUUID()}.parquet`;
}
