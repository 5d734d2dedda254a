const PATH = /^\$(?:\.[^.[\]\s"'$*\\]+)*$/;

/** The names on the way to a field: `$.price.amount` is `["price", "amount"]`, `$` is none. Undefined when it is no path. */
export function parsePath(text: string): readonly string[] | undefined {
  if (!PATH.test(text) || text.includes("__proto__")) return undefined;
  return text.split(".").slice(1);
}
