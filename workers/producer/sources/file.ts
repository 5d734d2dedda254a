import { existsSync } from "node:fs";
import type { Clock } from "../../shared/runtime/clock.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import { sleep } from "../../shared/runtime/sleep.ts";
import type { Outgoing } from "../send/outgoing.ts";
import { readLines } from "./lines.ts";
import { put, type RunSource } from "./source.ts";
import { createTimeShift } from "./time-shift.ts";

export type FileConfig = {
  /** `-` is standard input. */
  path: string;
  /** Lines per second; undefined: as fast as they are acknowledged. */
  rate?: number | undefined;
  shiftTime: boolean;
  /** How often the file is sent. */
  repeat: number;
};

export type FileDeps = {
  clock: Clock;
  onSend?: (message: Outgoing) => void;
};

/**
 * Sends the lines of a JSONL file byte for byte, also broken ones: they are to become dead letters, not to vanish here.
 * Empty lines are skipped. The key is the user_id where the line has one.
 * @throws AppError `FILE_NOT_FOUND`, `CONFIG_INVALID` (standard input cannot be repeated).
 */
export function fileSource(config: FileConfig, deps: FileDeps): RunSource {
  return async (sink, signal) => {
    if (config.path !== "-" && !existsSync(config.path)) {
      throw new AppError("FILE_NOT_FOUND", `no file ${config.path}`, { retry: false });
    }
    if (config.path === "-" && config.repeat > 1) {
      throw new AppError("CONFIG_INVALID", "FILE_REPEAT: standard input can be read only once", { retry: false });
    }
    const beganMs = deps.clock.now();
    let sent = 0;
    for (let round = 0; round < config.repeat; round++) {
      const shift = config.shiftTime ? createTimeShift(deps.clock.now(), round) : undefined;
      for await (const line of readLines(config.path)) {
        if (config.rate !== undefined) {
          const waitMs = beganMs + (sent * 1000) / config.rate - deps.clock.now();
          if (waitMs > 0) await sleep(waitMs, signal);
        }
        if (signal.aborted) return;
        const message = toOutgoing(line, shift);
        if (!(await put(sink, message, signal))) return;
        deps.onSend?.(message);
        sent++;
      }
    }
  };
}

function toOutgoing(
  line: Buffer,
  shift: ((event: Record<string, unknown>, text: string) => string) | undefined,
): Outgoing {
  const event = parseObject(line);
  const value = event && shift ? Buffer.from(shift(event, line.toString())) : line;
  const userId = event?.user_id;
  const key = typeof userId === "string" && userId !== "" ? userId : null;
  return { key, value, kind: event ? "event" : "malformed", sizeBytes: value.length + (key?.length ?? 0) };
}

function parseObject(line: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line.toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
