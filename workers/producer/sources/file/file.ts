import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import type { Clock } from "../../../shared/runtime/clock.ts";
import { AppError } from "../../../shared/runtime/errors.ts";
import { sleep } from "../../../shared/runtime/sleep.ts";
import type { Outgoing } from "../../send/outgoing.ts";
import { put, type RunSource } from "../source.ts";
import { assertJsonl, FIRST_BYTES } from "./first-bytes.ts";
import { readLines } from "./lines.ts";
import { createTimeShift, type NewestTime, newestTime } from "./time-shift.ts";

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
 * With `shiftTime` the file is read once before, to find its newest event.
 */
export function fileSource(config: FileConfig, deps: FileDeps): RunSource {
  return async (sink, signal) => {
    const newestMs = config.shiftTime ? await findNewest(config.path, signal) : undefined;
    const beganMs = deps.clock.now();
    let sent = 0;
    for (let round = 0; round < config.repeat; round++) {
      const shift = newestMs === undefined ? undefined : createTimeShift({ nowMs: deps.clock.now(), newestMs, round });
      for await (const line of readLines(config.path, signal)) {
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

/**
 * Checks a path before anything is connected; standard input (`-`) is not looked at.
 * @throws AppError `FILE_UNREADABLE` or `FILE_NOT_JSONL` with what to do.
 */
export function assertReadable(path: string): void {
  if (path === "-") return;
  const fail = (what: string) => {
    const text = `Cannot read ${path}: ${what}. Name a JSONL file, or - for standard input.`;
    return new AppError("FILE_UNREADABLE", text, { retry: false });
  };
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw fail("there is no such file");
  if (found.isDirectory()) throw fail("it is a directory");
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw fail("this user may not read it");
  }
  if (found.isFile()) assertJsonl(path, firstBytes(path));
}

function firstBytes(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(FIRST_BYTES);
    return bytes.subarray(0, readSync(file, bytes, 0, FIRST_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

async function findNewest(path: string, signal: AbortSignal): Promise<number | undefined> {
  const newest: NewestTime = newestTime();
  for await (const line of readLines(path, signal)) {
    const event = parseObject(line);
    if (event) newest.add(event);
  }
  return newest.get();
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
