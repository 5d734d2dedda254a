import { type ClickHouse, RELIED_ON } from "../shared/clickhouse/client.ts";
import { ClickHouseError } from "../shared/clickhouse/errors.ts";
import { refusalFindings } from "../shared/clickhouse/rules/setting-rules.ts";
import { storeFindings } from "../shared/clickhouse/rules/store-findings.ts";
import { AppError, errorFields } from "../shared/runtime/errors.ts";
import { type Finding, refuseIfWrong } from "../shared/runtime/finding.ts";
import type { Component } from "../shared/runtime/lifecycle.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import { sleep } from "../shared/runtime/sleep.ts";

/** How long pages wait for the first answer of a server that may be out of reach, ms. */
const FIRST_ANSWER_MS = 5_000;
/** Between two looks at a store that is wrong, or that could not be asked, ms. */
const PAUSE_MS = 3_000;

/** Judges the store once, before figures of it are shown. */
export type StoreCheck = Component & {
  /** Resolves when the store is right, or cannot be asked: pages say so then. While it is wrong, it waits. */
  started: Promise<void>;
  /** Rejects when a store that could not be asked turns out to be wrong. Does not resolve before `stop`. */
  finished: Promise<void>;
};

/** Starts looking. What is wrong is logged in the words of `ops doctor`, and looked at again until it is fixed. */
export function startStoreCheck(
  { CLICKHOUSE_USER: user }: { CLICKHOUSE_USER: string },
  { clickhouse, logger }: { clickhouse: ClickHouse; logger: Logger },
): StoreCheck {
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  let said = "";
  /** Undefined: it could not be asked. A refusal is said here, once; that nobody answers is said elsewhere. */
  const judge = () =>
    storeFindings(clickhouse, { user, sent: RELIED_ON }).catch((error): Finding[] | undefined => {
      if (!(error instanceof AppError)) throw error;
      const refusals = refusalFindings(user, error);
      if (refusals.length > 0) return refusals;
      const isRefusal = error instanceof ClickHouseError && error.serverCode !== undefined;
      if (isRefusal && error.code !== said) logger.error(errorFields(error), "ClickHouse refuses, retrying");
      said = error.code;
      return undefined;
    });
  const first = async (): Promise<{ isJudged: boolean }> => {
    while (!signal.aborted) {
      const findings = await Promise.race([judge(), sleep(FIRST_ANSWER_MS, signal).then(() => undefined)]);
      if (findings === undefined) return { isJudged: false };
      try {
        refuseIfWrong(findings);
        return { isJudged: true };
      } catch (error) {
        logger.error(errorFields(error), "the store would give wrong figures until someone fixes it, retrying");
      }
      await sleep(PAUSE_MS, signal);
    }
    return { isJudged: false };
  };
  const later = async ({ isJudged }: { isJudged: boolean }): Promise<void> => {
    while (!isJudged && !signal.aborted) {
      await sleep(PAUSE_MS, signal);
      const findings = await judge();
      if (findings === undefined) continue;
      refuseIfWrong(findings);
      break;
    }
    await stopped;
  };
  const looked = first();
  const finished = looked.then(later);
  finished.catch(() => undefined); // rejects through `finished`
  return {
    name: "store-check",
    started: looked.then(() => undefined),
    finished,
    stop: async () => stopping.abort(),
  };
}
