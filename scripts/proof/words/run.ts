import { Random } from "../../../workers/producer/sources/simulate/random.ts";
import { waitFor } from "../../testkit/process/wait-for.ts";
import type { CaseContext } from "../run.ts";
import type { WordsData } from "./report.ts";
import type { Loss, Role, Stack } from "./stack.ts";
import type { Stacks } from "./stacks.ts";

/** Every so many runs all must have recovered in the end, and the words be EXACT. */
const SETTLED_EVERY = 10;
/** A loss is made in one of so many runs. */
const LOSS_IN = 4;
const KILLS_WITHIN_MS = 2_500;
/** How often a proof is asked for its last word while it says NOT PROVEN. */
const SETTLE_ATTEMPTS = 3;
const EXIT = { ok: 0, different: 1 } as const;
/** Codes of a proof that was killed by us. */
const KILLED = new Set([130, 137, 143]);

type Word = "EXACT" | "DIFFERENT" | "NOT PROVEN" | "killed";
type Said = { proof: string; word: Word; text: string };

/**
 * One run: a stack under live traffic, a loss or none, kills of any process at random moments, and proofs in the midst of
 * it. Nothing lost: no proof, and not the watcher, may say DIFFERENT. Something lost: none may say EXACT, and the watcher
 * may not pass it.
 */
export async function runWords(number: number, context: CaseContext<Stacks>) {
  const random = new Random(`${context.seed}/${number}`);
  const stacks = await context.shared();
  // Apart, so that the choices of a run do not depend on whether it is the first of its stack.
  const stack = await stacks.take(new Random(`${context.seed}/${number}/stack`));
  const killed: string[] = [];
  const said: Said[] = [];
  const problems: string[] = [];
  const settles = number % SETTLED_EVERY === 0;
  const loss = !settles && random.below(LOSS_IN) === 0 ? await stack.lose() : undefined;
  try {
    if (loss !== undefined) stack.startRole("consumer", random);
    await Promise.all([
      killSome(stack, random, killed),
      ...proofsOf(random).map((proof) => prove(stack, random, proof, said)),
    ]);
    problems.push(...stack.ended(), ...said.flatMap((one) => falseWord(one, loss !== undefined)));
    problems.push(...(loss === undefined ? await watchRight(stack) : await watchLoss(stack, loss, random)));
    if (settles) problems.push(...(await settle(stack, said)));
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  if (problems.length > 0) {
    context.keep(
      [...problems, ...said.map(({ proof, word, text }) => `${proof} ${word}\n${text}`), stack.logs()].join("\n\n"),
    );
  }
  await stacks.give(stack, problems.length > 0);
  const count = (word: Word) => said.filter((one) => one.word === word).length;
  const data: WordsData = {
    killed: killed.join(", "),
    lost: loss !== undefined,
    exact: count("EXACT"),
    different: count("DIFFERENT"),
    not_proven: count("NOT PROVEN"),
    proofs_killed: count("killed"),
  };
  return { data, problems };
}

const proofsOf = (random: Random): string[][] =>
  [["verify"], ["verify", "--audit"]].filter((_, i) => i === 0 || random.chance(0.5));

async function killSome(stack: Stack, random: Random, killed: string[]): Promise<void> {
  const targets = [...new Set(Array.from({ length: 1 + random.below(3) }, () => pickTarget(random)))];
  await Promise.all(
    targets.map(async (target) => {
      await Bun.sleep(random.below(KILLS_WITHIN_MS));
      const signal = random.chance(0.7) ? "SIGKILL" : "SIGTERM";
      killed.push(`${signal} ${target}`);
      if (target === "broker" || target === "engine") {
        const process = stack.pipeline[target];
        await (signal === "SIGKILL" ? process.kill() : process.stop());
        await Bun.sleep(random.below(1_000));
        await process.start();
        return;
      }
      await stack.kill(target, signal);
      await Bun.sleep(random.below(1_000));
      stack.startRole(target, random);
    }),
  );
}

function pickTarget(random: Random): Role | "broker" | "engine" {
  const dice = random.below(20);
  if (dice === 0) return "broker";
  if (dice <= 2) return "engine";
  return (["consumer", "producer", "watcher"] as const)[dice % 3] ?? "watcher";
}

/** Asks for a verdict in the midst of it; now and then the proof is killed as well. */
async function prove(stack: Stack, random: Random, args: readonly string[], said: Said[]): Promise<void> {
  const [delayMs, lifeMs] = [
    random.below(KILLS_WITHIN_MS),
    random.chance(0.15) ? random.between(200, 3_000) : undefined,
  ];
  await Bun.sleep(delayMs);
  const worker = stack.pipeline.startOps([...args, "--wait", "15s", ...(args.length === 1 ? ["--settle", "3s"] : [])]);
  if (lifeMs !== undefined) void Bun.sleep(lifeMs).then(() => worker.kill("SIGKILL"));
  said.push(wordOf(args.join(" "), await worker.exited, worker.text));
}

function wordOf(proof: string, code: number, text: string): Said {
  if (KILLED.has(code)) return { proof, word: "killed", text };
  const word = code === EXIT.ok ? "EXACT" : code === EXIT.different ? "DIFFERENT" : "NOT PROVEN";
  return { proof, word, text };
}

function falseWord({ proof, word }: Said, lost: boolean): string[] {
  if (lost && word === "EXACT") return [`${proof} says EXACT though a message is lost`];
  return !lost && word === "DIFFERENT" ? [`${proof} says DIFFERENT though nothing is lost`] : [];
}

async function watchRight(stack: Stack): Promise<string[]> {
  return (await stack.watched()).different.map((text) => `the watcher says DIFFERENT though nothing is lost: ${text}`);
}

/** The watcher must find the loss and not pass it; read again, it goes on. */
async function watchLoss(stack: Stack, loss: Loss, random: Random): Promise<string[]> {
  const passed = (next: ReadonlyMap<number, number>) => (next.get(loss.partition) ?? 0) >= loss.to;
  const problems: string[] = [];
  const found = await waitFor(
    async () => {
      const { different, next } = await stack.watched();
      return different.length > 0 || passed(next) ? { different, next } : undefined;
    },
    { timeoutMs: 120_000, intervalMs: 300, describe: "the watcher to find the loss" },
  );
  if (passed(found.next)) problems.push(`the watcher passed a lost message at ${loss.partition}/${loss.to - 1}`);
  await stack.kill("consumer", "SIGTERM");
  await stack.fix(loss);
  stack.startRole("consumer", random);
  await waitFor(
    async () => {
      const { different, next } = await stack.watched();
      return different.length === 0 && passed(next);
    },
    { timeoutMs: 120_000, intervalMs: 300, describe: "the watcher to go on after the loss was fixed" },
  );
  return problems;
}

/** Nobody is killed any more: the watcher proves up to now, and both proofs say EXACT. */
async function settle(stack: Stack, said: Said[]): Promise<string[]> {
  const atMs = Date.now();
  await waitFor(async () => ((await stack.watched()).provenUntilMs ?? 0) >= atMs, {
    timeoutMs: 120_000,
    intervalMs: 300,
    describe: "everything up to now to be proven by the watcher",
  });
  // The ledgers of producers that were killed count as dead after 15 s; an audit closes them.
  await Bun.sleep(16_000);
  const problems: string[] = [];
  for (const args of [["verify", "--audit"], ["verify"]]) {
    const one = await finalWord(stack, args, said);
    if (one.word !== "EXACT") problems.push(`${one.proof} says ${one.word} after all has recovered`);
  }
  return problems;
}

/** NOT PROVEN is no false word: on a busy machine a ledger may be silent for 15 s. In the end it must be EXACT. */
async function finalWord(stack: Stack, args: readonly string[], said: Said[]): Promise<Said> {
  for (let attempt = 1; ; attempt++) {
    const { code, stdout, stderr } = await stack.pipeline.ops([...args, "--wait", "60s"]);
    const one = wordOf(args.join(" "), code, `${stdout}\n${stderr}`);
    said.push(one);
    if (one.word !== "NOT PROVEN" || attempt === SETTLE_ATTEMPTS) return one;
  }
}
