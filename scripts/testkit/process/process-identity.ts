import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * A process that cannot be mistaken for a later one: pids are reused, a pid with its start time is not.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque start stamp from the operating system; empty when the process was already gone. */
  readonly started: string;
}

/** The identity of a running process, or undefined when no live process has this pid. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = startStamp(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether exactly this process still runs (a zombie does not). */
export function isAlive(identity: ProcessIdentity): boolean {
  return startStamp(identity.pid) === identity.started;
}

/** Writes the identity to a pid file, making its directory. */
export function writePidFile(path: string, identity: ProcessIdentity): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${identity.pid} ${identity.started}\n`);
}

/** The live process a pid file names; undefined (and the stale file removed) when there is none. */
export function readPidFile(path: string): ProcessIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const match = /^(\d+) (.+)\n$/.exec(text);
  if (match?.[1] !== undefined && match[2] !== undefined) {
    const identity = { pid: Number(match[1]), started: match[2] };
    if (isAlive(identity)) return identity;
  }
  rmSync(path, { force: true });
  return undefined;
}

/** Sends a signal; false when the process is gone. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch {
    return false;
  }
}

function startStamp(pid: number): string | undefined {
  if (process.platform === "linux") return linuxStartStamp(pid);
  const ps = Bun.spawnSync(["ps", "-o", "stat=,lstart=", "-p", String(pid)], { stdout: "pipe", stderr: "ignore" });
  const [state, ...stamp] = ps.stdout.toString().trim().split(/\s+/);
  return state === undefined || state === "" || state.startsWith("Z") ? undefined : stamp.join(" ");
}

function linuxStartStamp(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may itself contain blanks and parentheses, so fields are counted after the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
