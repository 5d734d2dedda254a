/**
 * `make fuzz`: random cases against the contract, the compiled consumer and the compiled ingest API, with a real broker and
 * engine. CASES is the number of messages and of requests (ten times as many for the contract, which needs no broker).
 * Arguments, environment and exit codes besides are those of {@link runProof}.
 */
import { z } from "zod";
import { type OwnStack, ownStack } from "../../testkit/index.ts";
import type { ReportForm } from "../report.ts";
import { type Case, runProof } from "../run.ts";
import { fuzzContract } from "./contract.ts";
import type { AttackScale } from "./http/attacks.ts";
import { fuzzHttp } from "./http/run.ts";
import { fuzzKafka } from "./kafka.ts";
import { createTarget } from "./kafka-target.ts";
import type { FuzzOptions, PartResult } from "./progress.ts";

const CONTRACT_FACTOR = 10;
const PARTITIONS = 6;
const CASES = z.preprocess(
  (value) => (value === "" ? undefined : value),
  z.coerce.number().int().min(1).default(100_000),
);

/** What came of a part. */
type FuzzData = { cases: number; seconds: number; figures: Readonly<Record<string, number | string>> };

const REPORT: ReportForm<FuzzData> & { readonly nothing: FuzzData } = {
  name: "fuzz",
  title: "Fuzzing",
  noun: "parts",
  nothing: { cases: 0, seconds: 0, figures: {} },
  columns: [
    { title: "part", of: ({ name }) => name },
    { title: "cases", number: true, of: ({ data }) => data.cases.toLocaleString("en") },
    { title: "seconds", number: true, of: ({ data }) => data.seconds.toFixed(0) },
    { title: "verdict", of: ({ problems }) => (problems.length === 0 ? "ok" : "FAILED") },
    {
      title: "what came of them",
      of: ({ data }) =>
        Object.entries(data.figures)
          .map(([name, figure]) => `${name} ${figure.toLocaleString("en")}`)
          .join(", "),
    },
  ],
  summary: (results) => `${results.reduce((sum, { data }) => sum + data.cases, 0).toLocaleString("en")} cases`,
  explanation: `Each message must be judged alike by the scanner, the schemas and the JSON Schema, and end as a stored row or as the dead
letter that the oracle expects; each request must get the answer that the oracle expects, also while the ingest API is
under attack, and what was accepted must be in the topic.`,
  listCases: true,
};

/** As many connections as this process and the server may open, at most 2,000. */
function attackScale(): AttackScale {
  const limit = Number(Bun.spawnSync(["sh", "-c", "ulimit -n"]).stdout.toString());
  const connections = Math.min(2_000, Number.isNaN(limit) ? 2_000 : Math.max(50, limit - 300));
  return { connections, holdMs: 5_000, answerMs: 3_000 };
}

async function onStack(part: "kafka" | "http", stack: OwnStack, options: FuzzOptions): Promise<PartResult[]> {
  const target = await createTarget(stack, PARTITIONS);
  try {
    return part === "kafka" ? [await fuzzKafka(target, options)] : await fuzzHttp(target, options, attackScale());
  } finally {
    await target.close();
  }
}

/** The results of a part as one: figures of the later ones are added. */
function outcome(results: readonly PartResult[]) {
  const [first, ...more] = results;
  const data: FuzzData = {
    cases: first?.cases ?? 0,
    seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
    figures: Object.assign({}, ...[first, ...more].map((result) => result?.figures)),
  };
  return { data, problems: results.flatMap(({ failures }) => failures) };
}

const count = CASES.safeParse(process.env.CASES);
if (!count.success) {
  console.error(`CASES=${process.env.CASES}: ${z.prettifyError(count.error)}`);
  process.exit(2);
}
const cases: Case<FuzzData, OwnStack>[] = [
  {
    name: "contract",
    what: "the scanner, the schemas and the JSON Schema judge alike",
    run: async ({ seed, log }) => outcome([fuzzContract({ seed, cases: count.data * CONTRACT_FACTOR, log })]),
  },
  {
    name: "kafka",
    what: "messages in Kafka, to the compiled consumer",
    run: async ({ seed, log, shared }) =>
      outcome(await onStack("kafka", await shared(), { seed, cases: count.data, log })),
  },
  {
    name: "http",
    what: "requests to the compiled ingest API, then attacks on it",
    run: async ({ seed, log, shared }) =>
      outcome(await onStack("http", await shared(), { seed, cases: count.data, log })),
  },
];

process.exit(await runProof({ ...REPORT, cases, lanes: 1, seeded: true, start: ownStack }));
