/**
 * Answers a function that is told of every batch that is done with, and collects garbage once per `everyBytes` of them.
 * Left alone, the runtime lets garbage grow in proportion to the machine's memory, not to the container's limit, which
 * ends in the process being killed while it drains a backlog. By volume, the cost is a fixed small share of the work
 * (the heap that lives is small, so a collection takes milliseconds), and an idle consumer pays nothing.
 */
export function collectGarbageByVolume(everyBytes: number): (doneBytes: number) => void {
  let sinceLast = 0;
  return (doneBytes) => {
    sinceLast += doneBytes;
    if (sinceLast < everyBytes) return;
    sinceLast = 0;
    Bun.gc(true);
  };
}
