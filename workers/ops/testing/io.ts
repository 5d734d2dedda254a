import { systemClock } from "../../shared/runtime/clock.ts";
import type { Env } from "../../shared/runtime/config.ts";
import { createJudge } from "../audit/judge.ts";
import type { CliIo } from "../cli/io.ts";
import { type Services, withServices } from "../cli/services.ts";
import { type Proof, proveStep, type StepReport } from "../continuous/step.ts";

/** The surroundings of a command that nobody watches, answers or interrupts; `own` is what a test looks at. */
export function silentIo(env: Env, own: Partial<CliIo> = {}): CliIo {
  return {
    env,
    clock: systemClock,
    out: () => undefined,
    outBytes: () => undefined,
    err: () => undefined,
    progress: () => undefined,
    signal: new AbortController().signal,
    confirm: async () => false,
    readStdin: async () => new Uint8Array(),
    exit: () => undefined,
    ...own,
  };
}

/** What the commands of a test are configured by. */
type Fixture = { readonly env: Env };

/** Runs with the services of a command, silently. */
export function withOps<T>(fixture: Fixture, run: (services: Services) => Promise<T>): Promise<T> {
  return withServices(silentIo(fixture.env), run);
}

/** A continuous audit that goes on by single steps, and counts a difference at once. */
export function watchOf(fixture: Fixture): { proof: Proof; step: () => Promise<StepReport> } {
  const proof: Proof = { partitions: new Map(), suspects: new Map() };
  const step = () => withOps(fixture, (services) => proveStep(services, createJudge(services), proof, { settleMs: 0 }));
  return { proof, step };
}
