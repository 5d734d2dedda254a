import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { S3Client } from "bun";
import { ManagedProcess } from "../testkit/process/managed-process.ts";
import { freePort } from "../testkit/process/ports.ts";
import { GATEWAY } from "./tools.ts";

const BUCKET = "lake";

/** A local S3 service with one bucket, on temporary data. It checks signatures and refuses wrong keys. */
export class Gateway {
  readonly accessKeyId = "LAKETESTKEY";
  readonly secretAccessKey = `secret-${crypto.randomUUID()}`;
  readonly #process: ManagedProcess;

  private constructor(
    /** Holds the bucket as a directory: objects are plain files in it. */
    readonly dir: string,
    readonly port: number,
  ) {
    this.#process = new ManagedProcess({
      name: "versitygw",
      command: [GATEWAY, "--port", `127.0.0.1:${port}`, "--quiet", "posix", join(dir, "data")],
      env: { ROOT_ACCESS_KEY: this.accessKeyId, ROOT_SECRET_KEY: this.secretAccessKey },
      logFile: join(dir, "versitygw.log"),
      isReady: async () => (await fetch(this.endpoint).catch(() => undefined)) !== undefined,
      readyTimeoutMs: 20_000,
    });
  }

  /** Starts the service with an empty bucket in `dir`. */
  static async start(dir: string): Promise<Gateway> {
    const gateway = new Gateway(dir, await freePort());
    mkdirSync(gateway.bucketDir, { recursive: true });
    await gateway.#process.start();
    return gateway;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get bucketDir(): string {
    return join(this.dir, "data", BUCKET);
  }

  /** The variables of `ops lake`; `endpoint` puts something else in between. */
  env(prefix: string, endpoint = this.endpoint): Record<string, string> {
    return {
      LAKE_URL: `s3://${BUCKET}/${prefix}`,
      LAKE_S3_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: this.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.secretAccessKey,
    };
  }

  /** A client of the bucket that is no part of the exporter. */
  client(): S3Client {
    const { endpoint, accessKeyId, secretAccessKey } = this;
    return new S3Client({ endpoint, accessKeyId, secretAccessKey, bucket: BUCKET, region: "us-east-1" });
  }

  /** Starts again after `kill`, on the same port and data. */
  start(): Promise<number> {
    return this.#process.start();
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }
}
