import { type Cluster, run } from "../shell.ts";

/** What the scenarios work with. */
export type Context = { cluster: Cluster; env: Record<string, string>; tags: readonly [string, string] };
/** @throws Error with the message unless the condition holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Runs a target of the Makefile; its failure is an answer. */
export async function make(target: string, env: Record<string, string>): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await run(["make", target], { env, timeoutMs: 900_000 });
  return { code, text: `${stdout}${stderr}` };
}
