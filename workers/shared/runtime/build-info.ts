/** Set by `bun build --define`; absent when run from source. */
declare const BUILD_VERSION: string | undefined;
declare const BUILD_COMMIT: string | undefined;

/** Version and git commit compiled into the binary; `dev` when run from source. */
export const buildInfo = {
  version: typeof BUILD_VERSION === "undefined" ? "dev" : BUILD_VERSION,
  commit: typeof BUILD_COMMIT === "undefined" ? "dev" : BUILD_COMMIT,
};
