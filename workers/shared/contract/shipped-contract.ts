import type { Contract } from "./contract.ts";
import { loadContract } from "./load.ts";
import { SHIPPED_FILES } from "./shipped.ts";

/** The shipped contract; takes some milliseconds. @throws TypeError when its files have mistakes, which a test excludes. */
export function shippedContract(): Contract {
  const loaded = loadContract(SHIPPED_FILES);
  if (!loaded.ok) throw new TypeError(`the shipped contract has mistakes: ${loaded.mistakes[0]?.message}`);
  return loaded.contract;
}
