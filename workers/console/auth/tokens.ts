import { createHmac, timingSafeEqual } from "node:crypto";
import { createKeyCheck, sha256 } from "../../shared/runtime/api-keys.ts";
import type { Clock } from "../../shared/runtime/clock.ts";

/** True when the presented text is the token; undefined is never. */
export type TokenCheck = (presented: string | undefined) => boolean;

/** Without a token nothing is ever right. */
export function createTokenCheck(token: string | undefined): TokenCheck {
  const findKey = createKeyCheck(token === undefined ? [] : [token]);
  return (presented) => findKey(presented) !== undefined;
}

/** What a browser gets after it has shown the token: a signed time of expiry, worthless once the token is changed. */
export type Sessions = { issue(): { value: string; maxAgeSeconds: number }; check(value: string | undefined): boolean };

const SESSION_SECONDS = 12 * 3_600;

export function createSessions(token: string | undefined, clock: Clock): Sessions {
  const key = sha256(`console session ${token ?? crypto.randomUUID()}`);
  const sign = (expiry: string) => createHmac("sha256", key).update(expiry).digest();
  return {
    issue() {
      const expiry = String(clock.now() + SESSION_SECONDS * 1_000);
      return { value: `${expiry}.${sign(expiry).toString("base64url")}`, maxAgeSeconds: SESSION_SECONDS };
    },
    check(value) {
      const [, expiry, signature] = /^(\d{1,16})\.([\w-]{43})$/.exec(value ?? "") ?? [];
      if (token === undefined || expiry === undefined || signature === undefined) return false;
      return timingSafeEqual(sign(expiry), Buffer.from(signature, "base64url")) && Number(expiry) > clock.now();
    },
  };
}
