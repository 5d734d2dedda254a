import { statSync } from "node:fs";
import { assertJsonl, FIRST_BYTES, withoutBom } from "./first-bytes.ts";

const NEWLINE = 10;
const RETURN = 13;

/**
 * The lines of a file (or of standard input, `-`) as bytes, without line ends and without a byte order mark at the very
 * start; empty lines are left out. Ends at once when the signal aborts, also while nothing arrives.
 * @throws AppError `FILE_NOT_JSONL` before the first line, when it is another format.
 */
export async function* readLines(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let begun = false;
  for await (const chunk of chunksOf(path, signal)) {
    let bytes: Buffer = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    if (!begun) {
      if (bytes.length < ENOUGH_BYTES) {
        rest = bytes;
        continue;
      }
      bytes = checkedStart(path, bytes);
      begun = true;
    }
    let from = 0;
    for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
      const line = trimmed(bytes.subarray(from, to));
      if (line.length > 0) yield line;
      from = to + 1;
    }
    rest = bytes.subarray(from);
  }
  if (signal.aborted) return;
  const last = trimmed(begun ? rest : checkedStart(path, rest));
  if (last.length > 0) yield last;
}

/** Whether what is read is gone then: standard input, and paths of pipes, as `<(zcat x)` is one. */
export function isReadOnce(path: string): boolean {
  return path === "-" || statSync(path, { throwIfNoEntry: false })?.isFile() === false;
}

/** How many lines {@link readLines} would give; undefined when the signal aborts before it is known, and of {@link isReadOnce}. */
export async function countLines(path: string, signal: AbortSignal): Promise<number | undefined> {
  if (isReadOnce(path)) return undefined;
  let lines = 0;
  for await (const _ of readLines(path, signal)) lines++;
  return signal.aborted ? undefined : lines;
}

/** A file's format is known by its first bytes. */
const ENOUGH_BYTES = 8;

function checkedStart(path: string, bytes: Buffer): Buffer {
  assertJsonl(path, bytes.subarray(0, FIRST_BYTES));
  return withoutBom(bytes);
}

/** A pipe may stay silent for ever, so each reading ends with the signal as well. */
async function* chunksOf(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stream: ReadableStream<Uint8Array> = path === "-" ? Bun.stdin.stream() : Bun.file(path).stream();
  const reader = stream.getReader();
  const aborted = Promise.withResolvers<undefined>();
  const abort = () => aborted.resolve(undefined);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), aborted.promise]);
      if (next === undefined || next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    // Of a silent pipe this resolves when something arrives.
    void reader.cancel().catch(() => undefined);
  }
}

function trimmed(line: Buffer): Buffer {
  return line[line.length - 1] === RETURN ? line.subarray(0, -1) : line;
}
