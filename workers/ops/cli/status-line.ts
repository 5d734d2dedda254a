/** Where lines about what is under way go, apart from results. */
export type StatusLine = {
  /** What is being waited for. On a terminal it replaces what stood there; elsewhere it is a line if it says something new. */
  show(text: string): void;
  /** Before anything else is written: takes the line off a terminal. */
  clear(): void;
};

const ERASE = "\r\x1b[2K";

/** @param out a terminal or a file; `columns` is the terminal's width, in characters. */
export function createStatusLine(out: { isTTY?: boolean; columns?: number; write(text: string): unknown }): StatusLine {
  let shown: string | undefined;
  return {
    show(text) {
      if (out.isTTY) out.write(`${ERASE}${text.slice(0, Math.max(20, (out.columns ?? 80) - 1))}`);
      else if (text !== shown) out.write(`${text}\n`);
      shown = text;
    },
    clear() {
      if (!out.isTTY || shown === undefined) return;
      out.write(ERASE);
      shown = undefined;
    },
  };
}
