import { S3Client } from "bun";
import { type ClickHouse, INSERT_SETTINGS } from "../../shared/clickhouse/client.ts";
import { errorMessage } from "../../shared/runtime/errors.ts";
import { READ_SETTINGS, STRUCTURE_TEXT, withSource } from "./columns.ts";
import type { LakeConfig, S3Location } from "./config.ts";
import type { CredentialSource, Credentials } from "./credentials.ts";
import { LakeStorageError, redact, toLakeError } from "./errors.ts";
import { objectKey, type Slot } from "./layout.ts";
import { type LakeObject, type LakeTarget, PARQUET_SETTINGS, probeKey, type SqlText } from "./target.ts";

export type S3TargetDeps = { clickhouse: ClickHouse; credentials: CredentialSource };

/**
 * ClickHouse gives up a request to the bucket after these; the exporter then tries the whole statement again. Its own
 * default of 500 attempts would keep a statement hanging for an hour.
 */
const S3_SETTINGS = {
  s3_retry_attempts: 4,
  s3_connect_timeout_ms: 5_000,
  s3_request_timeout_ms: 30_000,
  s3_truncate_on_insert: 1,
} as const;

/**
 * A lake in a bucket. ClickHouse writes and reads the objects by its `s3()` function; only listing and removing are done
 * here. Keys reach ClickHouse as query parameters in the request's body: never in SQL text, never in an address.
 */
export class S3Target implements LakeTarget {
  readonly name: string;
  readonly #base: string;
  readonly #endpoint: string;

  constructor(
    readonly location: S3Location,
    readonly config: LakeConfig,
    readonly deps: S3TargetDeps,
  ) {
    const { bucket, prefix } = location;
    this.name = `s3://${bucket}/${prefix}`.replace(/\/$/, "");
    this.#endpoint = (config.LAKE_S3_ENDPOINT ?? `https://s3.${config.AWS_REGION}.amazonaws.com`).replace(/\/$/, "");
    this.#base = `${this.#endpoint}/${bucket}/${prefix}`;
  }

  async list(prefix: string): Promise<LakeObject[]> {
    const full = this.location.prefix + prefix;
    const objects: LakeObject[] = [];
    await this.#withClient(async (client) => {
      let continuationToken: string | undefined;
      do {
        const page = await client.list({ prefix: full, ...(continuationToken ? { continuationToken } : {}) });
        for (const { key, eTag, size } of page.contents ?? []) {
          const relative = key.slice(this.location.prefix.length);
          objects.push({ key: relative, etag: (eTag ?? "").replaceAll('"', ""), sizeBytes: size ?? 0 });
        }
        continuationToken = page.isTruncated ? page.nextContinuationToken : undefined;
      } while (continuationToken);
    });
    return objects;
  }

  async write(slot: Slot, select: SqlText): Promise<void> {
    const key = objectKey(slot.hourS, slot.source);
    await this.#statement(key, (s3) => `INSERT INTO FUNCTION ${s3} ${select.sql}`, "", {
      params: select.params,
      settings: { ...PARQUET_SETTINGS, ...S3_SETTINGS },
    });
  }

  async read<Row extends object>(glob: string, list: string): Promise<(Row & { key: string })[]> {
    const rows = await this.#statement<Row & { path: string }>(
      glob,
      (s3) => `SELECT _path AS path, ${list} FROM ${withSource(s3)} GROUP BY _path`,
      `, ${STRUCTURE_TEXT}`,
      { params: {}, settings: { ...S3_SETTINGS, ...READ_SETTINGS } },
    );
    const root = `${this.location.bucket}/${this.location.prefix}`;
    return rows.map((row) => ({ ...row, key: row.path.slice(root.length) }));
  }

  query<Row>(key: string, sql: (files: string) => string, params: SqlText["params"]): Promise<Row[]> {
    return this.#statement<Row>(key, (s3) => sql(withSource(s3)), `, ${STRUCTURE_TEXT}`, {
      params,
      settings: { ...S3_SETTINGS, ...READ_SETTINGS, ...INSERT_SETTINGS },
    });
  }

  async probe(): Promise<void> {
    const key = probeKey();
    await this.#statement(key, (s3) => `INSERT INTO FUNCTION ${s3} SELECT 1 AS probe`, "", {
      params: {},
      settings: S3_SETTINGS,
    });
    const found = await this.list(key);
    await this.remove([key]);
    if (found.length === 0) throw new LakeStorageError(`${this.name}: a file that was written is not listed`);
  }

  async remove(keys: readonly string[]): Promise<void> {
    await this.#withClient(async (client) => {
      for (const key of keys) await client.delete(this.location.prefix + key);
    });
  }

  async #statement<Row>(
    key: string,
    sql: (s3: string) => string,
    structure: string,
    options: { params: Record<string, unknown>; settings: Record<string, string | number> },
  ): Promise<Row[]> {
    const keys = await this.deps.credentials();
    const token = keys.sessionToken === undefined ? "" : ", {lake_token:String}";
    const s3 = `s3({lake_url:String}, {lake_key:String}, {lake_secret:String}${token}, 'Parquet'${structure})`;
    try {
      return await this.deps.clickhouse.query<Row>(sql(s3), {
        paramsInBody: true,
        params: {
          ...options.params,
          lake_url: this.#base + key,
          lake_key: keys.accessKeyId,
          lake_secret: keys.secretAccessKey,
          ...(keys.sessionToken === undefined ? {} : { lake_token: keys.sessionToken }),
        },
        settings: options.settings,
      });
    } catch (error) {
      throw toLakeError(error, secretsOf(keys));
    }
  }

  async #withClient<T>(use: (client: S3Client) => Promise<T>): Promise<T> {
    const keys = await this.deps.credentials();
    const client = new S3Client({
      ...keys,
      bucket: this.location.bucket,
      region: this.config.AWS_REGION,
      endpoint: this.#endpoint,
    });
    try {
      return await use(client);
    } catch (error) {
      throw new LakeStorageError(`${this.name}: ${redact(errorMessage(error), secretsOf(keys))}`);
    }
  }
}

function secretsOf(keys: Credentials): string[] {
  return [keys.secretAccessKey, keys.sessionToken ?? ""];
}
