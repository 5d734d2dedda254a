import { readdirSync, readFileSync } from "node:fs";

/** CPU time of the threads of one kind, seconds. */
export type ThreadShare = { name: string; seconds: number };

/**
 * Adds up the CPU time of a process by the names of its threads, from /proc. Threads that live for less than a sampling
 * interval are missed; `rest` of the result is what they used. Linux only.
 */
export class ThreadCpu {
  readonly #pid: number;
  readonly #seen = new Map<string, { name: string; firstNs: number; lastNs: number }>();
  readonly #timer: Timer;

  constructor(pid: number, everyMs = 100) {
    this.#pid = pid;
    this.#sample(true);
    this.#timer = setInterval(() => this.#sample(false), everyMs);
  }

  /** Ends sampling; the shares since the start, greatest first. */
  stop(): ThreadShare[] {
    this.#sample(false);
    clearInterval(this.#timer);
    const sums = new Map<string, number>();
    for (const { name, firstNs, lastNs } of this.#seen.values()) {
      sums.set(name, (sums.get(name) ?? 0) + (lastNs - firstNs) / 1e9);
    }
    return [...sums].map(([name, seconds]) => ({ name, seconds })).sort((a, b) => b.seconds - a.seconds);
  }

  #sample(first: boolean): void {
    const dir = `/proc/${this.#pid}/task`;
    for (const tid of readdirSync(dir)) {
      try {
        const name = readFileSync(`${dir}/${tid}/comm`, "utf8").trim();
        const ns = Number(readFileSync(`${dir}/${tid}/schedstat`, "utf8").split(" ")[0]);
        // A pool's thread takes the name of what it does at the moment; the time goes to each in its turn.
        const key = `${tid} ${name}`;
        const before = this.#lastOf(tid);
        const seen = this.#seen.get(key);
        if (seen === undefined) this.#seen.set(key, { name, firstNs: first ? ns : before, lastNs: ns });
        else this.#seen.set(key, { name, firstNs: seen.firstNs + (before - seen.lastNs), lastNs: ns });
        this.#last.set(tid, ns);
      } catch {
        // The thread has ended meanwhile.
      }
    }
  }

  readonly #last = new Map<string, number>();

  /** Where the thread's counter stood at the sample before; 0 for a new thread. */
  #lastOf(tid: string): number {
    return this.#last.get(tid) ?? 0;
  }
}
