import { readFile } from "node:fs/promises";
import type { Clock } from "../../shared/runtime/clock.ts";
import { AppError, errorMessage } from "../../shared/runtime/errors.ts";
import type { LakeConfig } from "./config.ts";

/** Keys to a bucket. */
export type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

/** Yields keys that are good for at least some minutes. @throws AppError `LAKE_CREDENTIALS` when there are none. */
export type CredentialSource = () => Promise<Credentials>;

type Temporary = { credentials: Credentials; expiresMs: number };

/** Temporary keys are renewed this long before they end, so that a statement which starts now can finish with them. */
const RENEW_BEFORE_MS = 10 * 60_000;

/**
 * Keys from the environment, from a web identity (IRSA) or from the container's credential service (EKS Pod Identity), in
 * this order, as AWS tools look for them.
 * @throws AppError `CONFIG_INVALID` when none of them is configured.
 */
export function credentialSource(config: LakeConfig, clock: Clock): CredentialSource {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = config;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const { AWS_SESSION_TOKEN: sessionToken } = config;
    return async () => ({ accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) });
  }
  const { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile } = config;
  if (role !== undefined && tokenFile !== undefined) return renewed(clock, () => assumeRole(config, role, tokenFile));
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri } = config;
  if (uri !== undefined) return renewed(clock, () => askContainer(uri, config.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE));
  throw new AppError(
    "CONFIG_INVALID",
    "No credentials for the lake: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the pod a role (AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE, or AWS_CONTAINER_CREDENTIALS_FULL_URI)",
    { retry: false },
  );
}

function renewed(clock: Clock, fetchKeys: () => Promise<Temporary>): CredentialSource {
  let current: Promise<Temporary> | undefined;
  return async () => {
    const known = await current?.catch(() => undefined);
    if (known === undefined || known.expiresMs - clock.now() < RENEW_BEFORE_MS) current = fetchKeys();
    if (current === undefined) throw new Error("unreachable");
    return (await current).credentials;
  };
}

async function assumeRole(config: LakeConfig, role: string, tokenFile: string): Promise<Temporary> {
  const address = config.AWS_ENDPOINT_URL_STS ?? `https://sts.${config.AWS_REGION}.amazonaws.com`;
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: role,
    RoleSessionName: "countinghouse-lake",
    WebIdentityToken: (await readToken(tokenFile)).trim(),
  });
  const text = await ask(address, { method: "POST", body, headers: { accept: "application/xml" } });
  const field = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1];
  return toTemporary("the token service", {
    AccessKeyId: field("AccessKeyId"),
    SecretAccessKey: field("SecretAccessKey"),
    Token: field("SessionToken"),
    Expiration: field("Expiration"),
  });
}

async function askContainer(uri: string, tokenFile: string | undefined): Promise<Temporary> {
  const headers = tokenFile === undefined ? undefined : { authorization: (await readToken(tokenFile)).trim() };
  const text = await ask(uri, headers === undefined ? {} : { headers });
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  return toTemporary("the container's credential service", (answer ?? {}) as Record<string, string | undefined>);
}

function toTemporary(who: string, answer: Record<string, string | undefined>): Temporary {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration: end } = answer;
  const expiresMs = Date.parse(end ?? "");
  if (!accessKeyId || !secretAccessKey || !sessionToken || Number.isNaN(expiresMs)) {
    throw credentialError(`${who} gave no usable keys`);
  }
  return { credentials: { accessKeyId, secretAccessKey, sessionToken }, expiresMs };
}

async function readToken(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw credentialError(`the identity token cannot be read: ${errorMessage(error)}`);
  }
}

async function ask(address: string, init: RequestInit): Promise<string> {
  let response: Response;
  try {
    response = await fetch(address, { ...init, signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    throw credentialError(`${new URL(address).host} does not answer: ${errorMessage(error)}`);
  }
  const text = await response.text();
  if (!response.ok) {
    const code = /<Code>([A-Za-z]+)<\/Code>/.exec(text)?.[1] ?? "";
    throw credentialError(`${new URL(address).host} refused: ${response.status} ${code}`.trim());
  }
  return text;
}

function credentialError(message: string): AppError {
  return new AppError("LAKE_CREDENTIALS", message, { retry: true });
}
