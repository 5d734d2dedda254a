/**
 * The command, changed so that the kernel ends it when its parent dies, however that happens (SIGKILL, and the end of
 * `bun test`, run no exit handler). Linux with util-linux only; elsewhere the command comes back as it is.
 */
export function dieWithParent(command: readonly [string, ...string[]]): [string, ...string[]] {
  if (process.platform !== "linux" || Bun.which("setpriv") === null) return [...command];
  return ["setpriv", "--pdeathsig", "KILL", "--", ...command];
}
