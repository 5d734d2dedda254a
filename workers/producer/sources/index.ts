import type { Clock } from "../../shared/runtime/clock.ts";
import type { ProducerConfig } from "../config.ts";
import type { Outgoing } from "../send/outgoing.ts";
import { fileSource } from "./file/file.ts";
import { createSimulator, type Simulator } from "./simulate/index.ts";
import { simulatedSource } from "./simulate/simulated.ts";
import type { RunSource } from "./source.ts";

/** Identity of a simulating instance. */
export type Instance = { readonly instance: string; readonly startedAtMs: number };

/** The simulator as configured. */
export function configuredSimulator(config: ProducerConfig, { instance, startedAtMs }: Instance): Simulator {
  return createSimulator({
    seed: config.SIM_SEED ?? crypto.randomUUID(),
    instanceId: instance,
    startTimeMs: startedAtMs,
    rhythm: config.SIM_EVERY === undefined ? { ratePerSecond: config.SIM_RATE } : { everyMs: config.SIM_EVERY },
    sources: config.SIM_SOURCES,
    users: config.SIM_USERS,
    lateShare: config.SIM_LATE_SHARE,
    lateRangeMs: config.SIM_LATE_RANGE,
    duplicateShare: config.SIM_DUPLICATE_SHARE,
    malformedShare: config.SIM_MALFORMED_SHARE,
    endTimeMs: config.SIM_SECONDS === undefined ? undefined : startedAtMs + config.SIM_SECONDS * 1000,
    maxArrivals: config.SIM_COUNT,
  });
}

/** The simulated source as configured. */
export function configuredSimulation(
  config: ProducerConfig,
  instance: Instance,
  deps: { simulator: Simulator; clock: Clock; onSend: (message: Outgoing) => void },
): RunSource {
  return simulatedSource({ instance: instance.instance, drainHeld: config.SIM_DRAIN_HELD }, deps);
}

/** The file source as configured. */
export function configuredFile(
  config: ProducerConfig,
  deps: { clock: Clock; onSend: (message: Outgoing) => void },
): RunSource {
  const { FILE_PATH: path = "-", FILE_RATE: rate, FILE_SHIFT_TIME: shiftTime, FILE_REPEAT: repeat } = config;
  return fileSource({ path, rate, shiftTime, repeat }, deps);
}
