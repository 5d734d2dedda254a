/*
 * Left alone, the runtime lets garbage grow in proportion to the machine's memory, not to the container's limit, which ends
 * in the process being killed under load. Both ways of collecting it cost a fixed small share of the work (the heap that
 * lives is small, so a collection takes milliseconds), and an idle process pays nothing.
 */

/** Bytes taken between two looks at the memory: some 10,000 events of usual size. */
const LOOK_EVERY_BYTES = 6_291_456;

/** Answers a function that is told of all bytes taken, and collects garbage while the process has more than `limitBytes` of memory. */
export function collectGarbageAbove(limitBytes: number): (takenBytes: number) => void {
  let sinceLook = 0;
  return (takenBytes) => {
    sinceLook += takenBytes;
    if (sinceLook < LOOK_EVERY_BYTES) return;
    sinceLook = 0;
    if (process.memoryUsage.rss() > limitBytes) Bun.gc(true);
  };
}

/** Answers a function that is told of all bytes done with, and collects garbage once per `everyBytes` of them. */
export function collectGarbageByVolume(everyBytes: number): (doneBytes: number) => void {
  let sinceLast = 0;
  return (doneBytes) => {
    sinceLast += doneBytes;
    if (sinceLast < everyBytes) return;
    sinceLast = 0;
    Bun.gc(true);
  };
}
