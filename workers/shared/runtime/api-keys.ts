import { createHash, timingSafeEqual } from "node:crypto";

/** Finds which of the accepted keys a request carries: its index, or undefined. */
export type KeyCheck = (presented: string | undefined) => number | undefined;

/**
 * Compares hashes, which have one length, and always with every key: the time taken says nothing about how much of a key
 * was right, nor which one.
 */
export function createKeyCheck(keys: readonly string[]): KeyCheck {
  const hashes = keys.map(sha256);
  return (presented) => {
    const hash = sha256(presented ?? "");
    let found: number | undefined;
    hashes.forEach((candidate, index) => {
      if (timingSafeEqual(candidate, hash)) found = index;
    });
    return presented === undefined ? undefined : found;
  };
}

/** The token from `Authorization: Bearer …`. */
export function bearerToken(headers: Headers): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.get("authorization") ?? "")?.[1];
}

/** The key from `Authorization: Bearer …` or `X-API-Key`. */
export function presentedKey(headers: Headers): string | undefined {
  return bearerToken(headers) ?? headers.get("x-api-key") ?? undefined;
}

/** The SHA-256 digest of a text, 32 bytes. */
export function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
