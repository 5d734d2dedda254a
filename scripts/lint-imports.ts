/**
 * Checks that imports point down and files are short: `bun scripts/lint-imports.ts`. Workers import themselves and workers/shared, their tests
 * scripts/testkit too, and shared holds what two workers use. Circles, and who may import which client, are Biome's to check.
 */
import { join, normalize } from "node:path";

/** In shared although one worker alone may use a part: why. */
const KEPT_IN_SHARED: readonly { readonly folder: string; readonly why: string }[] = [
  { folder: "workers/shared/kafka/", why: "the one place that imports kafkajs" },
  {
    folder: "workers/shared/clickhouse/",
    why: "the one place that imports ClickHouse's client, and the schema with its tables",
  },
  { folder: "workers/shared/contract/", why: "what is counted, in one place" },
  {
    folder: "workers/shared/event/scan/",
    why: "reads by the rules of workers/shared/event, which change together with it",
  },
];

/** What the audit may take of the contract: the document's types, its syntax and the files' texts. It reads all else by itself, or it would prove nothing. */
const AUDIT_READS: readonly string[] = ["document.ts", "yaml.ts", "shipped.ts"].map(
  (name) => `workers/shared/contract/${name}`,
);

/** A file of more lines is two, unless it is named here with the reason. */
const MOST_LINES = 300;
const LONG: ReadonlyMap<string, string> = new Map([
  ["workers/shared/kafka/group-consumer.ts", "one state machine of membership, fetching and commits"],
]);

/** One import that points the wrong way, or a module in the wrong room. */
export type Violation = { readonly file: string; readonly problem: string };

const IMPORT = /(?:\bfrom|\bimport|\bimport\()\s*"(\.[^"]*)"/g;
const isTest = (file: string) => /\.test\.tsx?$/.test(file) || file.includes("/testing/");
const workerOf = (file: string) => /^workers\/([^/]+)\//.exec(file)?.[1];

/** All violations in sources by path. Only relative imports, written with double quotes, are looked at: the formatter sees to those. */
export function findViolations(sources: ReadonlyMap<string, string>): Violation[] {
  const imports = new Map(
    [...sources].map(([file, text]) => [
      file,
      [...text.matchAll(IMPORT)].map(([, path = ""]) => normalize(join(file, "..", path))),
    ]),
  );
  const wrongWay = [...imports].flatMap(([file, targets]) =>
    targets.flatMap((target) => {
      const problem = importProblem(file, target);
      return problem === undefined ? [] : [{ file, problem: `imports ${target}: ${problem}` }];
    }),
  );
  return [...wrongWay, ...usedByOne(imports), ...tooLong(sources)];
}

function tooLong(sources: ReadonlyMap<string, string>): Violation[] {
  return [...sources]
    .map(([file, text]) => ({ file, lines: text.split("\n").length - 1 }))
    .filter(({ file, lines }) => lines > MOST_LINES && !LONG.has(file))
    .map(({ file, lines }) => ({ file, problem: `has ${lines} lines: more than ${MOST_LINES} are two files` }));
}

/** Why a file may not import another, or undefined when it may. */
function importProblem(file: string, target: string): string | undefined {
  const worker = workerOf(file);
  if (worker === undefined) {
    if (!file.startsWith("scripts/testkit/")) return undefined;
    if (!target.startsWith("scripts/") || target.startsWith("scripts/testkit/")) return undefined;
    return "the testkit stands below the other scripts";
  }
  if (target.startsWith("scripts/testkit/")) return isTest(file) ? undefined : "only tests of workers use the testkit";
  if (target.startsWith("scripts/")) return "workers stand below scripts";
  if (file.startsWith("workers/ops/audit/") && target.startsWith("workers/shared/contract/") && !isTest(file)) {
    return AUDIT_READS.includes(target) ? undefined : "the audit reads contracts by itself";
  }
  const other = workerOf(target);
  if (other === undefined || other === worker || other === "shared") return undefined;
  return worker === "shared" ? "shared stands below the workers" : "workers do not import each other";
}

/** Modules of shared that fewer than two workers use, directly or through other modules of shared. */
function usedByOne(imports: ReadonlyMap<string, readonly string[]>): Violation[] {
  const users = new Map<string, Set<string>>();
  const mark = (module: string, worker: string): void => {
    if (workerOf(module) !== "shared") return;
    const known = users.get(module) ?? new Set();
    if (known.has(worker)) return;
    users.set(module, known.add(worker));
    for (const target of imports.get(module) ?? []) mark(target, worker);
  };
  for (const [file, targets] of imports) {
    const worker = workerOf(file);
    if (worker === undefined || worker === "shared" || isTest(file)) continue;
    for (const target of targets) mark(target, worker);
  }
  return [...imports.keys()]
    .filter((file) => workerOf(file) === "shared" && !isTest(file) && !file.endsWith(".d.ts"))
    .filter((file) => !KEPT_IN_SHARED.some(({ folder }) => file.startsWith(folder)))
    .filter((file) => (users.get(file)?.size ?? 0) < 2)
    .map((file) => ({
      file,
      problem: `is used by ${[...(users.get(file) ?? [])].join() || "no worker"} alone: shared holds what two workers use`,
    }));
}

if (import.meta.main) {
  const files = [...new Bun.Glob("{workers,scripts}/**/*.{ts,tsx}").scanSync()].sort();
  const sources = await Promise.all(files.map(async (file) => [file, await Bun.file(file).text()] as const));
  const violations = findViolations(new Map(sources));
  for (const { file, problem } of violations) console.error(`${file} ${problem}`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
