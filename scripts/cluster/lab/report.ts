/** Where a result comes from: real Kubernetes or Kafka, the real engine behind the front, or a fault we injected. */
export type Source = "cluster" | "broker" | "engine" | "fault";

/** Counts scenarios and prints a line for each. */
export class Report {
  #passed = 0;
  readonly #failed: string[] = [];

  /** Runs one scenario; a failure is shown and the next one runs. `onFailure` prints what explains it. */
  async scenario(
    name: string,
    sources: readonly Source[],
    run: () => Promise<string | undefined>,
    onFailure: () => Promise<void>,
  ): Promise<boolean> {
    const began = performance.now();
    console.log(`\n=== ${name} [${sources.join(", ")}]`);
    try {
      const detail = await run();
      this.#passed++;
      console.log(`PASS ${name}: ${detail ?? "ok"} (${seconds(began)})`);
      return true;
    } catch (error) {
      this.#failed.push(name);
      console.log(`FAIL ${name} (${seconds(began)}): ${error instanceof Error ? error.message : String(error)}`);
      await onFailure().catch((second) => console.log(`(no diagnosis: ${String(second)})`));
      return false;
    }
  }

  /** Prints the totals as the last line; resolves with the exit code. */
  finish(): number {
    if (this.#failed.length > 0) console.log(`\nFailed:\n  ${this.#failed.join("\n  ")}`);
    console.log(`\n${this.#passed} passed, ${this.#failed.length} failed`);
    return this.#failed.length === 0 ? 0 : 1;
  }
}

const seconds = (began: number) => `${((performance.now() - began) / 1000).toFixed(1)} s`;
