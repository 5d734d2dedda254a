import { errorFields } from "./errors.ts";
import type { Logger } from "./logger.ts";

/** Something that was started and must be stopped. `stop` may be called once and resolves when all is released. */
export type Component = { name: string; stop(): Promise<void> };

/** Collects started components and stops them in reverse order of starting. */
export type Scope = {
  /** True from the moment `stop` is called: a start that is still under way ends then, as nobody will use what it starts. */
  readonly stopping: boolean;
  /** Registers a started component and returns it. */
  add<C extends Component>(component: C): C;
  /** Stops everything, last started first. Idempotent. Rejects with the first failure after trying all. */
  stop(): Promise<void>;
};

export function createScope(logger: Logger): Scope {
  const components: Component[] = [];
  let stopping: Promise<void> | undefined;
  const stopAll = async () => {
    let failure: unknown;
    for (let component = components.pop(); component; component = components.pop()) {
      try {
        await component.stop();
      } catch (error) {
        logger.error({ component: component.name, ...errorFields(error) }, "stopping failed");
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  };
  return {
    get stopping() {
      return stopping !== undefined;
    },
    add(component) {
      components.push(component);
      return component;
    },
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}

/** Resolves with the signal's name when the process is asked to stop (SIGTERM or SIGINT). */
export function untilStopSignal(): Promise<"SIGTERM" | "SIGINT"> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
  });
}

/**
 * Runs a worker: starts it, waits for a stop signal or for the worker's own end, stops it in reverse order and exits.
 * Exit codes: 0 after a clean stop, 1 after any failure. A second signal during the stop exits at once with 130.
 */
export async function runWorker(
  logger: Logger,
  start: (scope: Scope) => Promise<{ finished?: Promise<void> } | undefined>,
): Promise<never> {
  const scope = createScope(logger);
  let code = 0;
  const signalled = untilStopSignal();
  try {
    const running = await Promise.race([start(scope), signalled]);
    if (typeof running === "string") logger.info({ signal: running }, "stopping before the start was complete");
    else {
      const cause = await Promise.race([signalled, ...(running?.finished ? [running.finished] : [])]);
      logger.info({ signal: cause ?? "finished" }, "stopping");
    }
  } catch (error) {
    logger.error(errorFields(error), "worker failed");
    code = 1;
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(130));
  try {
    await scope.stop();
  } catch {
    code = 1;
  }
  logger.info({ exit_code: code }, "stopped");
  process.exit(code);
}
