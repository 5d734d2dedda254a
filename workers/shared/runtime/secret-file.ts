import { readFileSync } from "node:fs";
import { z } from "zod";
import { AppError } from "./errors.ts";

/** A secret without the line break that an editor, or `kubectl create secret --from-file`, leaves at its end. */
export const withoutLineBreak = (text: string): string => text.replace(/[\r\n]+$/, "");

/** Variable that Kubernetes may take from a Secret: a password, a key, or the name that belongs to it. */
export const envSecret = () => z.string().transform(withoutLineBreak);

/**
 * The secret in a file, without the line break an editor leaves at its end. Mounted Secrets change in place, so whoever
 * needs the newest reads it again.
 * @throws AppError `SECRET_UNREADABLE` naming the file, never its content.
 */
export function readSecretFile(path: string): string {
  let text: string;
  try {
    text = withoutLineBreak(readFileSync(path, "utf8"));
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
