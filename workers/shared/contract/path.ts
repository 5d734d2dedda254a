const PATH = /^\$(?:\.[^.[\]\s"'$*\\]+)*$/;

/** The names on the way to a field: `$.price.amount` is `["price", "amount"]`, `$` is none. Undefined when it is no path. */
export function parsePath(text: string): readonly string[] | undefined {
  if (!PATH.test(text) || text.includes("__proto__")) return undefined;
  return pathKeys(text);
}

/** The same of a path that {@link parsePath} has accepted. */
export function pathKeys(path: string): readonly string[] {
  return path.split(".").slice(1);
}
