import type { Contract } from "./contract.ts";
import { loadContract } from "./load.ts";
import { SHIPPED_FILES } from "./shipped.ts";

/** The shipped contract; reading and checking takes about 0.1 s of CPU: once a process. @throws TypeError when its files have mistakes, which a test excludes. */
export function shippedContract(): Contract {
  const loaded = loadContract(SHIPPED_FILES);
  if (!loaded.ok) throw new TypeError(`the shipped contract has mistakes: ${loaded.mistakes[0]?.message}`);
  return loaded.contract;
}
