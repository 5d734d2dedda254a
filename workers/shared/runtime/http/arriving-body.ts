import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../errors.ts";

/** What is told of a body while it arrives. `broken`: it ended before it was complete. */
export type BodyListener = { data(bytes: Uint8Array): void; end(): void; broken(): void };

/** A request's body that nobody reads until it is asked for: a refusal needs none of it. */
export type ArrivingBody = {
  /** Begins to read; call what it returns to read no more. */
  start(listener: BodyListener): () => void;
};

/**
 * The body of a request at the server's socket. A client that asked (`Expect: 100-continue`, in any letter case) is told
 * to go on only when the reading begins.
 */
export function bodyOfMessage(message: IncomingMessage, response: ServerResponse, asked: boolean): ArrivingBody {
  return {
    start({ data, end, broken }) {
      const cutOff = () => {
        if (!message.complete) broken();
      };
      message.on("data", data).on("end", end).on("error", broken).on("close", cutOff);
      if (asked) response.writeContinue();
      return () => {
        message.off("data", data).off("end", end).off("close", cutOff);
      };
    },
  };
}

/** The body of a fetch request: of one that has none, which ends at once, and of those that tests give to the app. */
export function bodyOfRequest(request: Request): ArrivingBody {
  return {
    start({ data, end, broken }) {
      const reader = request.body?.getReader();
      let stopped = false;
      const read = async () => {
        for (;;) {
          const next = await reader?.read();
          if (stopped) return;
          if (next === undefined || next.done) return end();
          data(next.value);
        }
      };
      read().catch(() => {
        if (!stopped) broken();
      });
      return () => {
        stopped = true;
        void reader?.cancel().catch(() => undefined);
      };
    },
  };
}

/**
 * The body as a stream that asks for it when it is first read. Reading fails with AppError `BODY_INCOMPLETE` when it breaks
 * off, is longer than `maxBytes`, or takes longer than `timeoutMs`.
 */
export function streamOf(
  body: ArrivingBody,
  { maxBytes, timeoutMs }: { maxBytes: number; timeoutMs: number },
): ReadableStream<Uint8Array> {
  let stop: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let length = 0;
  const finish = () => {
    clearTimeout(timer);
    stop?.();
  };
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (stop !== undefined) return;
        const fail = (why: string) => {
          finish();
          controller.error(new AppError("BODY_INCOMPLETE", `the body ${why}`, { retry: true }));
        };
        timer = setTimeout(() => fail(`did not arrive within ${timeoutMs} ms`), timeoutMs);
        stop = body.start({
          data: (bytes) => {
            length += bytes.length;
            if (length > maxBytes) fail(`is longer than ${maxBytes} bytes`);
            else controller.enqueue(bytes);
          },
          end: () => {
            finish();
            controller.close();
          },
          broken: () => fail("ended before it was complete"),
        });
      },
      cancel: finish,
    },
    { highWaterMark: 0 },
  );
}
