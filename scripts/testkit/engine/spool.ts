import { mkdirSync, rmSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";

const CHUNK_BYTES = 256 * 1024;

/** Temporary files on their way between HTTP and the engine; emptied at every start. */
export class Spool {
  constructor(readonly dir: string) {
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
  }

  /** Gives the task a fresh file name and removes the file afterwards, if it is there. */
  async use<T>(task: (path: string) => Promise<T>): Promise<T> {
    const path = join(this.dir, crypto.randomUUID());
    try {
      return await task(path);
    } finally {
      await rm(path, { force: true });
    }
  }
}

/** Writes a stream to a file chunk by chunk; returns the number of bytes. */
export async function writeStream(path: string, stream: ReadableStream<Uint8Array>): Promise<number> {
  const file = await open(path, "w");
  let size = 0;
  try {
    for await (const chunk of stream) {
      await file.write(chunk);
      size += chunk.byteLength;
    }
  } finally {
    await file.close();
  }
  return size;
}

/**
 * Opens a file as a stream read on demand. The file may be removed at once: its content lives until the stream ends or
 * its reader gives up.
 */
export async function readStream(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const file: FileHandle = await open(path, "r");
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
        if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
        await file.close();
        controller.close();
      },
      async cancel() {
        await file.close();
      },
    },
    { highWaterMark: 1 },
  );
}
