import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** A package of bun.lock. */
export interface LockedPackage {
  /** Its path in the lockfile: `a`, or `b/a` where b needs a version of its own. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** SHA-512 of its archive, hexadecimal; undefined where the lockfile has none. */
  readonly sha512: string | undefined;
  /** Paths of the packages it depends on, in order. */
  readonly dependencies: readonly string[];
}

const dependencySchema = z.record(z.string(), z.string()).default({});
const infoSchema = z.object({
  dependencies: dependencySchema,
  optionalDependencies: dependencySchema,
  peerDependencies: dependencySchema,
  optionalPeers: z.array(z.string()).default([]),
});
const lockSchema = z.object({
  workspaces: z.object({ "": z.object({ dependencies: dependencySchema }) }),
  packages: z.record(z.string(), z.tuple([z.string()]).rest(z.unknown())),
  patchedDependencies: dependencySchema,
});

/** What the compiled workers contain: the closure of package.json's `dependencies`, by path. */
export type Product = {
  readonly direct: readonly string[];
  readonly packages: readonly LockedPackage[];
  /** Patch file by `name@version`. */
  readonly patches: ReadonlyMap<string, string>;
};

/** Reads the product's packages from a lockfile's text. @throws {Error} when a dependency is not in it. */
export function readProduct(text: string): Product {
  const lock = lockSchema.parse(Bun.JSONC.parse(text));
  const direct = Object.keys(lock.workspaces[""].dependencies);
  const found = new Map<string, LockedPackage>();
  const visit = (path: string) => {
    if (found.has(path)) return;
    const entry = lock.packages[path];
    if (entry === undefined) throw new Error(`bun.lock has no package ${path}`);
    const at = entry[0].lastIndexOf("@");
    const info = infoSchema.parse(entry.find((part) => typeof part === "object" && part !== null) ?? {});
    const integrity = entry.find((part): part is string => typeof part === "string" && part.startsWith("sha512-"));
    const needed = { ...info.dependencies, ...info.optionalDependencies, ...info.peerDependencies };
    const optional = new Set([...Object.keys(info.optionalDependencies), ...info.optionalPeers]);
    const dependencies = Object.keys(needed).flatMap((name) => {
      const target = resolve(path, name, (candidate) => lock.packages[candidate] !== undefined);
      if (target === undefined && !optional.has(name)) throw new Error(`bun.lock has no ${name}, which ${path} needs`);
      return target === undefined ? [] : [target];
    });
    found.set(path, {
      path,
      name: entry[0].slice(0, at),
      version: entry[0].slice(at + 1),
      sha512: integrity && Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex"),
      dependencies,
    });
    for (const target of dependencies) visit(target);
  };
  for (const name of direct) visit(name);
  const packages = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { direct, packages, patches: new Map(Object.entries(lock.patchedDependencies)) };
}

/** The nearest package of a name, as the module loader would find it: beside its user, then further up. */
function resolve(path: string, name: string, exists: (path: string) => boolean): string | undefined {
  const segments = path.split("/").reduce<string[]>((parts, part) => {
    const last = parts[parts.length - 1];
    if (last?.startsWith("@") && !last.includes("/")) parts[parts.length - 1] = `${last}/${part}`;
    else parts.push(part);
    return parts;
  }, []);
  for (let depth = segments.length; depth >= 0; depth--) {
    const candidate = [...segments.slice(0, depth), name].join("/");
    if (exists(candidate)) return candidate;
  }
  return undefined;
}

/** The licence that an installed package declares; undefined when it declares none or is not installed. */
export function declaredLicense(root: string, { path, name: published }: LockedPackage): string | undefined {
  // Installed under another name than it is published: its folder is the one in the lockfile.
  const name = path.endsWith(published) ? published : path;
  const nested = path === name ? [] : path.slice(0, -name.length - 1).split(/\/(?=@|[^/]+$)/);
  const file = join(root, "node_modules", ...nested.flatMap((part) => [part, "node_modules"]), name, "package.json");
  try {
    return z.object({ license: z.string() }).parse(JSON.parse(readFileSync(file, "utf8"))).license;
  } catch {
    return undefined;
  }
}
