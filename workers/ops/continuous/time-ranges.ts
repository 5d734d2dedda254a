/** Minutes as few ranges of event time, [from, to) in Unix s; the smallest gaps between them are included. */
export function timeRanges(minutes: Iterable<number>, limit: number): [number, number][] {
  const ranges: [number, number][] = [];
  for (const minute of [...new Set(minutes)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] >= minute) last[1] = minute + 60;
    else ranges.push([minute, minute + 60]);
  }
  if (ranges.length <= limit) return ranges;
  const gaps = ranges.slice(1).map(([from], i) => from - (ranges[i]?.[1] ?? from));
  const bridged = [...gaps].sort((a, b) => b - a)[limit - 2] ?? 0;
  const merged: [number, number][] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last !== undefined && range[0] - last[1] < bridged) last[1] = range[1];
    else merged.push(range);
  }
  return merged;
}
