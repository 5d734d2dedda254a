import type { Context, MiddlewareHandler } from "hono";
import { bearerToken } from "../../shared/runtime/api-keys.ts";
import type { Clock } from "../../shared/runtime/clock.ts";
import { problemResponse } from "../http/problem.ts";
import type { ConsoleMetrics } from "../metrics.ts";
import type { TokenCheck } from "./tokens.ts";

/** Counts wrong tokens per address, so that guessing takes forever. */
export type Attempts = {
  /** Seconds until this address may show a token again; 0: now. */
  wait(address: string): number;
  /** It has shown a wrong one. */
  failed(address: string): void;
};

export type AttemptsConfig = {
  /** Wrong tokens an address may show at once. */
  burst: number;
  /** How long one of them counts, ms. */
  eachMs: number;
  /** Addresses that are remembered; the ones that failed longest ago are forgotten first. */
  maxAddresses: number;
};

/** Ten mistyped tokens at once, then one in six seconds: 14,400 guesses a day. */
export const ATTEMPTS: AttemptsConfig = { burst: 10, eachMs: 6_000, maxAddresses: 10_000 };

export function createAttempts({ burst, eachMs, maxAddresses }: AttemptsConfig, clock: Clock): Attempts {
  /** When an address has paid for all it has tried, Unix ms; in the order of its last failure. */
  const paidAt = new Map<string, number>();
  return {
    wait(address) {
      const debtMs = (paidAt.get(address) ?? 0) - clock.now();
      const overMs = debtMs - (burst - 1) * eachMs;
      return overMs <= 0 ? 0 : Math.ceil(overMs / 1_000);
    },
    failed(address) {
      const paid = Math.max(paidAt.get(address) ?? 0, clock.now()) + eachMs;
      paidAt.delete(address);
      paidAt.set(address, paid);
      const [oldest] = paidAt.keys();
      if (paidAt.size > maxAddresses && oldest !== undefined) paidAt.delete(oldest);
    },
  };
}

/** What the server tells the app of a request. */
export type RequestInfo = { address?: string | undefined };

/** The address a request came from, which is a proxy's if there is one: what a client says of itself is not believed. */
export function addressOf(c: Context): string {
  const { address } = (c.env ?? {}) as RequestInfo;
  return address ?? "unknown";
}

/** Answers 429 to whoever has shown too many wrong tokens. Requests without a token, and sessions, are not concerned. */
export function limitAttempts(deps: {
  attempts: Attempts;
  isToken: TokenCheck;
  metrics: ConsoleMetrics;
}): MiddlewareHandler {
  return async (c, next) => {
    const token = bearerToken(c.req.raw.headers);
    if (token === undefined) return next();
    const address = addressOf(c);
    const seconds = deps.attempts.wait(address);
    if (seconds > 0) {
      deps.metrics.denied.inc({ reason: "attempts" });
      return tooManyAttempts(c, seconds);
    }
    if (!deps.isToken(token)) deps.attempts.failed(address);
    return next();
  };
}

function tooManyAttempts(c: Context, seconds: number): Response {
  c.header("retry-after", String(seconds));
  const detail = `Too many wrong tokens from this address; try again in ${seconds} s.`;
  return problemResponse(c, { status: 429, title: "Too many requests", detail });
}
