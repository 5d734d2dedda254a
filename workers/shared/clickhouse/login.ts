import { AppError } from "../runtime/errors.ts";
import { readSecretFile } from "../runtime/secret-file.ts";
import type { ClickHouseConfig } from "./config.ts";
import { isLoginError, toClickHouseError } from "./errors.ts";

/** The password in use, which may be replaced in its file while the worker runs. */
export type Login = {
  /** To spread into a request's options; empty until the password has changed. */
  readonly auth: { auth?: { username: string; password: string } };
  /** Runs a request; when the server refuses the login and the file has another password by now, once more with that. */
  retried<T>(request: () => Promise<T>): Promise<T>;
};

/** Reads the file again only after a refusal, so that requests cost nothing more. */
export function createLogin(
  config: Pick<ClickHouseConfig, "CLICKHOUSE_USER" | "CLICKHOUSE_PASSWORD" | "CLICKHOUSE_PASSWORD_FILE">,
): Login {
  const { CLICKHOUSE_USER: username, CLICKHOUSE_PASSWORD_FILE: file } = config;
  let password = config.CLICKHOUSE_PASSWORD;
  let auth: Login["auth"] = {};
  const replaced = (used: string): boolean => {
    if (file === undefined) return false;
    const newest = secretOrUndefined(file);
    if (newest !== undefined && newest !== password) {
      password = newest;
      auth = { auth: { username, password } };
    }
    // Another request may have found it first.
    return password !== used;
  };
  return {
    get auth() {
      return auth;
    },
    async retried(request) {
      const used = password;
      try {
        return await request();
      } catch (error) {
        const failure = toClickHouseError(error);
        if (!isLoginError(failure) || !replaced(used)) throw failure;
        return await request();
      }
    },
  };
}

/** While a file is being replaced it may be missing for a moment: the server's refusal says more than that. */
function secretOrUndefined(file: string): string | undefined {
  try {
    return readSecretFile(file);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
