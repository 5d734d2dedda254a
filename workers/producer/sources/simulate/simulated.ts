import { HEADERS } from "../../../shared/kafka/headers.ts";
import type { Clock } from "../../../shared/runtime/clock.ts";
import { sleep } from "../../../shared/runtime/sleep.ts";
import type { Outgoing } from "../../send/outgoing.ts";
import { put, type RunSource } from "../source.ts";
import type { PlannedSend, Simulator } from "./index.ts";

export type SimulatedConfig = {
  instance: string;
  /** At the end: wait until held-back events are due, or send them at once. */
  drainHeld: "wait" | "now";
};

export type SimulatedDeps = {
  simulator: Simulator;
  clock: Clock;
  /** Told of each message taken from the simulator. */
  onSend?: (message: Outgoing) => void;
};

/** Sends are collected for this long, ms: waking up for each of them would cost more than sending it. */
const TICK_MS = 4;
/** After so many messages in a row the sockets get their turn. */
const BURST = 256;

/**
 * Sends what the simulator plans, when it plans it. Time is the plan's: after a pause (backpressure, a broker that was
 * away) the events of the pause follow as fast as they are taken, dated when they were to happen.
 */
export function simulatedSource(config: SimulatedConfig, deps: SimulatedDeps): RunSource {
  const { simulator, clock } = deps;
  const headers = { [HEADERS.producer]: config.instance };
  return async (sink, signal) => {
    let burst = 0;
    for (let send = simulator.next(); send && !signal.aborted; send = simulator.next()) {
      const atOnce = simulator.ended && config.drainHeld === "now";
      for (let waitMs = send.sendAtMs - clock.now(); !atOnce && waitMs > 0; waitMs = send.sendAtMs - clock.now()) {
        await sleep(Math.min(Math.max(waitMs, TICK_MS), 1_000), signal);
        burst = 0;
        if (signal.aborted) return;
      }
      const message = toOutgoing(send, headers);
      if (!(await put(sink, message, signal))) return;
      deps.onSend?.(message);
      if (++burst >= BURST) {
        burst = 0;
        await new Promise(setImmediate);
      }
    }
  };
}

function toOutgoing(send: PlannedSend, headers: Readonly<Record<string, string>>): Outgoing {
  const { key, kind, eventId, source, eventType } = send;
  const value = send.value instanceof Uint8Array ? Buffer.from(send.value) : send.value;
  const sizeBytes = key.length + (value?.length ?? 0);
  if (kind === "malformed") return { key, value, headers, kind, sizeBytes };
  const fact = { eventId, minute: send.eventMinuteS, source, eventType, resend: kind === "resend" };
  return { key, value, headers, kind, sizeBytes, fact };
}
