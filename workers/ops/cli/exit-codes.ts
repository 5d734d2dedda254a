/** Exit codes of `ops`; the same for every command. */
export const EXIT = {
  /** Exact, or done. */
  ok: 0,
  /** Differences were found. */
  different: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** Nothing is known to be wrong, but it could not be proven or done: a time limit, a store that does not answer. */
  notProven: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Shown under the help of every command. */
export const EXIT_HELP = `
Exit codes:
  0  exact, or done
  1  differences found
  2  wrong usage or configuration
  3  not proven or not done: time limit, no connection, something outside reach`;
