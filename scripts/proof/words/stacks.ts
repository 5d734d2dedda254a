import type { Random } from "../../../workers/producer/sources/simulate/random.ts";
import { Stack } from "./stack.ts";

/** A stack is replaced after so many runs: a full audit reads all that it has ever received. */
const RUNS_PER_STACK = 10;

/** Stacks that runs take and give back; one for each lane. */
export class Stacks {
  readonly #free: Stack[] = [];
  readonly #all = new Set<Stack>();

  async take(random: Random): Promise<Stack> {
    const stack = this.#free.pop() ?? (await Stack.start(random));
    this.#all.add(stack);
    return stack;
  }

  /** @param spoiled something went wrong on it: nobody else is to suffer from that. */
  async give(stack: Stack, spoiled: boolean): Promise<void> {
    if (!spoiled && ++stack.runs < RUNS_PER_STACK) {
      this.#free.push(stack);
      return;
    }
    this.#all.delete(stack);
    await stack.stop();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((stack) => stack.stop()));
  }
}
