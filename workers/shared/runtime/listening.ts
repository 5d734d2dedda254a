import { AppError } from "./errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another program; stop that",
  EACCES: "may not be used by this user",
  EADDRNOTAVAIL: "is at an address this machine does not have; correct the address",
};

/**
 * Opens a port by `open`; what can be fixed by choosing another becomes an error that says so.
 * @throws AppError `CANNOT_LISTEN` naming the address and the variable that moves it; else what `open` throws.
 */
export function listening<T>(at: ListenAddress, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    throw cannotListen(at, cause);
  }
}

/** The same for what opens its port later. */
export async function listeningAsync<T>(at: ListenAddress, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    throw cannotListen(at, cause);
  }
}

/** Where a server listens, and the variable that moves it. */
export type ListenAddress = { host: string; port: number; variable: string };

function cannotListen(at: ListenAddress, cause: unknown): unknown {
  const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const reason = REASONS[code];
  if (reason === undefined) return cause;
  const host = at.host.includes(":") && !at.host.startsWith("[") ? `[${at.host}]` : at.host;
  const text = `cannot listen on ${host}:${at.port}: the port ${reason}, or set ${at.variable} to another port (0: any free one)`;
  return new AppError("CANNOT_LISTEN", text, { retry: false, cause });
}
