import type { Stack } from "../../testkit/index.ts";
import { type Answer, auditAnswer, mismatch, verifyAnswer } from "./figures.ts";
import type { Mutant } from "./mutant.ts";
import { createScene, type Scene } from "./scene.ts";
import { createSourceTree } from "./source-tree.ts";

/** What became of one mutant in the pipeline. */
export type Outcome = {
  readonly name: string;
  readonly verify: Answer;
  readonly audit: Answer;
  /** What the checkers should have said and did not; empty: caught as expected. */
  readonly wrong: readonly string[];
  readonly seconds: number;
};

/** Runs the pipeline with the defect and asks both checkers. @throws {Error} when the scene itself fails. */
export async function runMutant(mutant: Mutant, stack: Stack): Promise<Outcome> {
  const began = performance.now();
  const tree = mutant.patches === undefined ? undefined : createSourceTree(mutant.patches);
  try {
    const scene = await createScene(stack, { tree: tree?.dir });
    try {
      await play(scene, mutant);
      const { verify, audit } = await ask(scene, mutant);
      const seconds = (performance.now() - began) / 1000;
      return { name: mutant.name, verify, audit, wrong: wrongOf(mutant, verify, audit), seconds };
    } finally {
      await scene.close();
    }
  } finally {
    tree?.remove();
  }
}

/** Lets the load pass the pipeline, with the defect planted. */
async function play(scene: Scene, mutant: Mutant): Promise<void> {
  await mutant.before?.(scene);
  await scene.sendLedgered();
  const consumer = scene.start("consumer", []);
  if (mutant.unsettled) return scene.sendForeign();
  await mutant.during?.(scene, consumer);
  await scene.untilCommitted();
  // In inserts of their own, or copies would be dropped within a block.
  await scene.sendForeign();
  await scene.untilCommitted();
  if (!mutant.unequal) await scene.untilShown();
  await mutant.after?.(scene);
}

async function ask(scene: Scene, mutant: Mutant): Promise<{ verify: Answer; audit: Answer }> {
  const wait = mutant.unsettled ? "12s" : "90s";
  const verify = verifyAnswer(await scene.ops(["verify", "--json", "--settle", "4s", "--wait", wait]));
  const audit = auditAnswer(await scene.ops(["verify", "--audit", "--json", "--wait", wait]));
  return { verify, audit };
}

function wrongOf(mutant: Mutant, verify: Answer, audit: Answer): string[] {
  const said = { verify: mismatch(mutant.verify, verify), audit: mismatch(mutant.audit, audit) };
  return Object.entries(said).flatMap(([checker, wrong]) => (wrong === undefined ? [] : [`${checker}: ${wrong}`]));
}
