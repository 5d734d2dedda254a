import type { Dirent } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ClickHouse, INSERT_SETTINGS } from "../../shared/clickhouse/client.ts";
import { errorMessage } from "../../shared/runtime/errors.ts";
import { READ_SETTINGS, STRUCTURE_TEXT, withSource } from "./columns.ts";
import type { FileLocation } from "./config.ts";
import { LakeStorageError } from "./errors.ts";
import { objectKey, type Slot } from "./layout.ts";
import { type LakeObject, type LakeTarget, PARQUET_SETTINGS, probeKey, type SqlText } from "./target.ts";

/** Beside `events/`, where no reader looks. */
const STAGING = ".staging";
/** Name of the file while it is written. */
const STAGED = "events.parquet";
const STALE_MS = 24 * 3_600_000;

/**
 * A lake in a directory that the embedded engine shares with this process. The engine writes to a staging directory;
 * renaming into place is what a completed upload is to S3: readers see the old file or the new one.
 */
export class FileTarget implements LakeTarget {
  readonly name: string;
  readonly #root: string;

  constructor(
    location: FileLocation,
    readonly deps: { clickhouse: ClickHouse },
  ) {
    this.#root = location.dir;
    this.name = `file://${location.dir}`.replace(/\/$/, "");
  }

  list(prefix: string): Promise<LakeObject[]> {
    return this.#io(async () => {
      const start = join(this.#root, dirname(`${prefix}x`));
      const entries = await readdir(start, { recursive: true, withFileTypes: true }).catch(onMissing<Dirent[]>([]));
      const files = entries.filter((entry) => !entry.isDirectory());
      const objects = await Promise.all(files.map((file) => this.#object(join(file.parentPath, file.name))));
      return objects.flatMap((object) => (object?.key.startsWith(prefix) ? [object] : []));
    });
  }

  async write(slot: Slot, select: SqlText): Promise<void> {
    const staging = join(this.#root, STAGING, crypto.randomUUID());
    await this.#io(() => mkdir(staging, { recursive: true }));
    try {
      await this.deps.clickhouse.query(`INSERT INTO FUNCTION file({lake_path:String}, 'Parquet') ${select.sql}`, {
        params: { ...select.params, lake_path: join(staging, STAGED) },
        settings: PARQUET_SETTINGS,
      });
      await this.#io(() => this.#publish(join(staging, STAGED), slot));
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }

  async read<Row extends object>(glob: string, list: string): Promise<(Row & { key: string })[]> {
    // Other than s3(), file() fails when nothing matches.
    if ((await this.list(glob.slice(0, glob.indexOf("*") + 1 || undefined).replace("*", ""))).length === 0) return [];
    const rows = await this.deps.clickhouse.query<Row & { path: string }>(
      `SELECT _path AS path, ${list} FROM ${withSource(`file({lake_path:String}, 'Parquet', ${STRUCTURE_TEXT})`)} GROUP BY _path`,
      { params: { lake_path: this.#root + glob }, settings: READ_SETTINGS },
    );
    return rows.map((row) => ({ ...row, key: row.path.slice(this.#root.length) }));
  }

  query<Row>(key: string, sql: (files: string) => string, params: SqlText["params"]): Promise<Row[]> {
    return this.deps.clickhouse.query<Row>(sql(withSource(`file({lake_path:String}, 'Parquet', ${STRUCTURE_TEXT})`)), {
      params: { ...params, lake_path: this.#root + key },
      settings: { ...READ_SETTINGS, ...INSERT_SETTINGS },
    });
  }

  async probe(): Promise<void> {
    const key = probeKey();
    await this.#io(() => mkdir(dirname(join(this.#root, key)), { recursive: true }));
    await this.deps.clickhouse.query("INSERT INTO FUNCTION file({lake_path:String}, 'Parquet') SELECT 1 AS probe", {
      params: { lake_path: join(this.#root, key) },
    });
    const found = await this.list(key);
    await this.remove([key]);
    if (found.length === 0) throw new LakeStorageError(`${this.name}: ClickHouse writes to another directory`);
  }

  remove(keys: readonly string[]): Promise<void> {
    return this.#io(async () => {
      for (const key of keys) await rm(join(this.#root, key), { force: true });
    });
  }

  /** Removes what exporters that were killed left in the staging directory. */
  sweep(nowMs: number): Promise<void> {
    const dir = join(this.#root, STAGING);
    return this.#io(async () => {
      for (const name of await readdir(dir).catch(onMissing<string[]>([]))) {
        const info = await stat(join(dir, name)).catch(onMissing(undefined));
        if (info !== undefined && nowMs - info.mtimeMs > STALE_MS) await rm(join(dir, name), { recursive: true });
      }
    });
  }

  async #publish(staged: string, { hourS, source }: Slot): Promise<void> {
    const to = join(this.#root, objectKey(hourS, source));
    await mkdir(dirname(to), { recursive: true });
    await rename(staged, to);
  }

  async #object(path: string): Promise<LakeObject | undefined> {
    const info = await stat(path, { bigint: true }).catch(onMissing(undefined));
    if (info === undefined) return undefined;
    const etag = `${info.ino.toString(36)}-${info.mtimeNs.toString(36)}-${info.size.toString(36)}`;
    return { key: path.slice(this.#root.length), etag, sizeBytes: Number(info.size) };
  }

  async #io<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Error) || !("syscall" in error)) throw error;
      throw new LakeStorageError(`${this.name}: ${errorMessage(error)}`, error);
    }
  }
}

/** For `catch`: a path that does not exist (any more) yields `value`, everything else is thrown on. */
function onMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return value;
    throw error;
  };
}
