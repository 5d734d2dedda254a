/**
 * Variables that are almost one of `known`, as problems of the configuration: `KAFKA_BROKRS: did you mean KAFKA_BROKERS?`.
 * Most of an environment belongs to others, so only what differs by two letters at most, or lacks a word in the middle
 * (`KAFKA_TOPIC`), is a mistake; never what Kubernetes adds for each service.
 */
export function misspelledVariables(
  env: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): string[] {
  const names = new Set(known);
  return Object.keys(env).flatMap((name) => {
    if (names.has(name) || env[name] === undefined || SERVICE_LINK.test(name)) return [];
    const meant = nearest(name, known) ?? longer(name, known);
    return meant === undefined ? [] : [`${name}: did you mean ${meant}?`];
  });
}

/** `KAFKA_SERVICE_HOST`, `KAFKA_PORT_9092_TCP_ADDR` …: one set for each service of the namespace. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|PORT)$/;

/** Letters by which a name may differ; one in short names, where two make another word. */
const allowed = (name: string) => (name.length < 9 ? 1 : 2);

/** The known name that `name` was probably meant to be: it differs by two letters at most, capitals aside. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > 2) continue;
    const distance = editDistance(name.toUpperCase(), candidate.toUpperCase());
    // Of a name of one letter every other one would be near.
    if (distance >= Math.min(name.length, candidate.length)) continue;
    if (distance <= allowed(candidate) && distance < (best?.distance ?? Number.POSITIVE_INFINITY))
      best = { name: candidate, distance };
  }
  return best?.name;
}

/** A known name with the same first and last word, and one more between them. */
function longer(name: string, known: readonly string[]): string | undefined {
  const words = name.split("_");
  if (words.length < 2) return undefined;
  return known.find((candidate) => {
    const wanted = candidate.split("_");
    if (wanted.length !== words.length + 1 || wanted[0] !== words[0] || wanted.at(-1) !== words.at(-1)) return false;
    return words.every((word) => wanted.includes(word));
  });
}

/** Insertions, deletions, replacements, and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(before, j - 2) + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number) => row[index] ?? Number.POSITIVE_INFINITY;
