import type { IncomingMessage, ServerResponse } from "node:http";

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

/** The body of a fetch request, as tests of the app send it. */
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
