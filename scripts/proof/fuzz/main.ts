/**
 * `make fuzz`: random cases against the contract, the compiled consumer and the compiled ingest API, with a real broker and
 * engine. `PART=contract,kafka,http` selects, `CASES=` is the number of messages and of requests (ten times as many for
 * the contract, which needs no broker), `SEED=` replays. The exit code is 0 only when nothing was found.
 */
import { z } from "zod";
import { type OwnStack, ownStack } from "../../testkit/index.ts";
import { fuzzContract } from "./contract.ts";
import type { AttackScale } from "./http/attacks.ts";
import { fuzzHttp } from "./http/run.ts";
import { fuzzKafka } from "./kafka.ts";
import { createTarget } from "./kafka-target.ts";
import type { FuzzOptions, PartResult } from "./progress.ts";

const PARTS = ["contract", "kafka", "http"] as const;
const CONTRACT_FACTOR = 10;
const PARTITIONS = 6;

const unset = (value: unknown) => (value === "" ? undefined : value);
const settingsSchema = z.object({
  PART: z
    .preprocess(unset, z.string().default(PARTS.join(",")))
    .transform((text) => text.split(",").map((part) => z.enum(PARTS).parse(part.trim()))),
  SEED: z.preprocess(unset, z.coerce.number().int().min(1).max(1_000_000_000).optional()),
  CASES: z.preprocess(unset, z.coerce.number().int().min(1).default(100_000)),
});

/** As many connections as this process and the server may open, at most 2,000. */
function attackScale(): AttackScale {
  const limit = Number(Bun.spawnSync(["sh", "-c", "ulimit -n"]).stdout.toString());
  const connections = Math.min(2_000, Number.isNaN(limit) ? 2_000 : Math.max(50, limit - 300));
  return { connections, holdMs: 5_000, answerMs: 3_000 };
}

async function runOnStack(part: "kafka" | "http", stack: OwnStack, options: FuzzOptions): Promise<PartResult[]> {
  const target = await createTarget(stack, PARTITIONS);
  try {
    return part === "kafka" ? [await fuzzKafka(target, options)] : await fuzzHttp(target, options, attackScale());
  } finally {
    await target.close();
  }
}

function report(results: readonly PartResult[], seed: number, cases: number): number {
  for (const { part, cases: done, seconds, figures, failures } of results) {
    console.log(
      `\n${part}: ${done.toLocaleString("en")} cases in ${seconds.toFixed(0)} s, ${failures.length} failures`,
    );
    for (const [name, figure] of Object.entries(figures))
      console.log(`  ${name.padEnd(28)} ${figure.toLocaleString("en")}`);
    for (const failure of failures) console.log(`  FAILED ${failure}`);
  }
  const failed = results.filter(({ failures }) => failures.length > 0).map(({ part }) => part);
  console.log(
    failed.length === 0 ? `\nnothing found; SEED=${seed} CASES=${cases}` : `\nfound something in ${failed.join(", ")}`,
  );
  if (failed.length > 0)
    console.log(`replay: make fuzz PART=${failed.join(",").replace("attacks", "http")} SEED=${seed} CASES=${cases}`);
  return failed.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const settings = settingsSchema.safeParse(process.env);
  if (!settings.success) {
    console.error(z.prettifyError(settings.error));
    return 2;
  }
  const { PART: parts, CASES: cases, SEED: seed = 1 + Math.floor(Math.random() * 1_000_000_000) } = settings.data;
  console.log(`fuzzing ${parts.join(", ")}: SEED=${seed} CASES=${cases}`);
  const log = (line: string) => console.log(`  ${line}`);
  const results: PartResult[] = [];
  if (parts.includes("contract")) results.push(fuzzContract({ seed, cases: cases * CONTRACT_FACTOR, log }));
  const withStack = parts.filter((part) => part !== "contract");
  if (withStack.length > 0) {
    const stack = await ownStack();
    try {
      for (const part of withStack) results.push(...(await runOnStack(part, stack, { seed, cases, log })));
    } finally {
      await stack.close();
    }
  }
  return report(results, seed, cases);
}

process.exit(await main());
