import { readFileSync } from "node:fs";
import { z } from "zod";
import { AppError } from "./errors.ts";

/**
 * The secret in a file, without the line break an editor leaves at its end. Mounted Secrets change in place, so whoever
 * needs the newest reads it again.
 * @throws AppError `SECRET_UNREADABLE` naming the file, never its content.
 */
export function readSecretFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new AppError("SECRET_UNREADABLE", `${path} cannot be read (${reasonOf(error)})`, { retry: false });
  }
  if (text === "") throw new AppError("SECRET_UNREADABLE", `${path} is empty`, { retry: false });
  return text;
}

/** Variable with the name of a file that holds a secret; checked when the configuration is read. */
export const envSecretFile = () => envFile(readSecretFile);

/** Variable with the name of a file that `read` can read; what it throws becomes a problem of the configuration. */
export const envFile = (read: (path: string) => unknown) =>
  z.string().superRefine((path, context) => {
    try {
      read(path);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  });

function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unreadable";
}
