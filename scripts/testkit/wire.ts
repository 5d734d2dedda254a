import { connect } from "node:net";
import { waitFor } from "./process/wait-for.ts";

/** A plain connection to a server, for what no HTTP client would send. */
export type Wire = {
  /** Everything received. */
  readonly text: string;
  /** The other side has closed it, or this one. */
  readonly closed: boolean;
  write(text: string): void;
  /** Resolves when `text` was received. @throws after ten seconds */
  has(text: string): Promise<void>;
  /** @throws after ten seconds */
  until(found: () => boolean): Promise<void>;
  close(): void;
};

const TIMEOUT_MS = 10_000;

export async function openWire(port: number, host = "127.0.0.1"): Promise<Wire> {
  const socket = connect(port, host);
  const state = { text: "", closed: false };
  socket.on("data", (bytes) => {
    state.text += String(bytes);
  });
  socket.on("close", () => {
    state.closed = true;
  });
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  const describe = () => `an answer; received: ${JSON.stringify(state.text)}`;
  const until = async (found: () => boolean) => {
    await waitFor(found, { timeoutMs: TIMEOUT_MS, intervalMs: 5, describe });
  };
  return {
    get text() {
      return state.text;
    },
    get closed() {
      return state.closed;
    },
    write: (text) => void socket.write(text),
    has: (text) => until(() => state.text.includes(text)),
    until,
    close: () => void socket.destroy(),
  };
}
