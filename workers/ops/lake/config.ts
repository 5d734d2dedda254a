import { z } from "zod";
import { clickhouseConfigShape } from "../../shared/clickhouse/config.ts";
import { envInt } from "../../shared/runtime/config.ts";
import { envSecret } from "../../shared/runtime/secret-file.ts";

/** A bucket and a prefix in it; the prefix is empty or ends with a slash. */
export type S3Location = { kind: "s3"; bucket: string; prefix: string };
/** A directory that the exporter and ClickHouse both see under this name; ends with a slash. */
export type FileLocation = { kind: "file"; dir: string };
export type LakeLocation = S3Location | FileLocation;

// Nothing that a glob, a URL or a hive path could take for something else.
const S3_URL = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[A-Za-z0-9._-]+)*)\/?$/;
const FILE_URL = /^file:\/\/((?:\/[A-Za-z0-9._-]+)+)\/?$/;

/** Reads `s3://bucket[/prefix]` or `file:///absolute/dir`; undefined for anything else. */
export function parseLakeUrl(text: string): LakeLocation | undefined {
  const [, bucket, path] = S3_URL.exec(text) ?? [];
  if (bucket !== undefined) return { kind: "s3", bucket, prefix: path ? `${path.slice(1)}/` : "" };
  const [, dir] = FILE_URL.exec(text) ?? [];
  return dir === undefined || dir.split("/").includes("..") ? undefined : { kind: "file", dir: `${dir}/` };
}

/** Variables of `ops lake`. Credentials have the names every AWS tool uses. */
export const lakeConfigShape = {
  ...clickhouseConfigShape,
  LAKE_URL: z
    .string()
    .refine((text) => parseLakeUrl(text) !== undefined, "must be s3://bucket[/prefix] or file:///absolute/directory")
    .describe("Where the lake lies: s3://bucket[/prefix], or file:///directory (embedded engine only)"),
  LAKE_S3_ENDPOINT: z
    .url()
    .optional()
    .describe("Address of an S3-compatible service, the same for ClickHouse and this command; default: AWS"),
  LAKE_STATEMENT_TIMEOUT_MS: envInt(1_000, 86_400_000)
    .prefault("1800000")
    .describe("One statement (an hour to write, a day to compare) may take this long, ms"),
  AWS_REGION: z.string().min(1).default("us-east-1").describe("Region of the bucket"),
  AWS_ACCESS_KEY_ID: envSecret().optional().describe("Access key of the lake; or one of the roles below"),
  AWS_SECRET_ACCESS_KEY: envSecret().optional().describe("Its secret"),
  AWS_SESSION_TOKEN: envSecret().optional().describe("Its session token, for temporary keys"),
  AWS_ROLE_ARN: z.string().optional().describe("Role to assume with the web identity token (IRSA)"),
  AWS_WEB_IDENTITY_TOKEN_FILE: z.string().optional().describe("File with the web identity token (IRSA)"),
  AWS_ENDPOINT_URL_STS: z.url().optional().describe("Address of the token service; default: AWS, by region"),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: z.url().optional().describe("Credentials of EKS Pod Identity"),
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: z.string().optional().describe("File with the token for it"),
};

export const lakeConfigSchema = z.object(lakeConfigShape);
export type LakeConfig = z.output<typeof lakeConfigSchema>;
