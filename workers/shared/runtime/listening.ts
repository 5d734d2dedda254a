import { AppError } from "./errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another program; stop that",
  EACCES: "may not be used by this user",
  EADDRNOTAVAIL: "is at an address this machine does not have; correct the address",
};

/**
 * Opens a port by `open`; what can be mended by choosing another becomes an error that says so.
 * @throws AppError `CANNOT_LISTEN` naming the address and the variable that moves it; else what `open` throws.
 */
export function listening<T>(at: { host: string; port: number; variable: string }, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
    const reason = REASONS[code];
    if (reason === undefined) throw cause;
    const text = `cannot listen on ${at.host}:${at.port}: the port ${reason}, or set ${at.variable} to another port (0: any free one)`;
    throw new AppError("CANNOT_LISTEN", text, { retry: false, cause });
  }
}
