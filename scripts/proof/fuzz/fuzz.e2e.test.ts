import { afterAll, beforeAll, expect, test } from "bun:test";
import { useStack } from "../../testkit/index.ts";
import { fuzzContract } from "./contract.ts";
import { fuzzHttp } from "./http/run.ts";
import { fuzzKafka } from "./kafka.ts";
import { createTarget, type Target } from "./kafka-target.ts";

/** A sample of `make fuzz`, with other cases each day. */
const seed = Math.floor(Date.now() / 86_400_000);
const options = (cases: number) => ({ seed, cases, log: (line: string) => console.log(line) });

let targets: Target[];
beforeAll(async () => {
  const stack = await useStack();
  targets = await Promise.all([createTarget(stack, 3), createTarget(stack, 3)]);
}, 90_000);
afterAll(async () => {
  for (const target of targets ?? []) await target.close();
});

/** Each test has topics of its own. */
function takeTarget(): Target {
  const target = targets.at(-1);
  if (target === undefined) throw new Error("no target is left");
  targets = [target, ...targets.slice(0, -1)];
  return target;
}

test("scanner, parser and JSON Schema agree on every message", () => {
  const { failures, figures } = fuzzContract(options(10_000));
  expect(failures).toEqual([]);
  // A comparison of refusals alone would prove little.
  expect(Number(figures["stored (scanned)"])).toBeGreaterThan(2_000);
  expect(Number(figures.schema)).toBeGreaterThan(500);
}, 120_000);

test("every raw message ends stored or as the right dead letter", async () => {
  const { failures, figures } = await fuzzKafka(takeTarget(), options(2_500));
  expect(failures).toEqual([]);
  expect(Number(figures.stored)).toBeGreaterThan(800);
}, 300_000);

test("every request gets a right answer, also while the ingest API is under attack", async () => {
  const [http, attacks] = await fuzzHttp(takeTarget(), options(2_000), {
    connections: 150,
    holdMs: 400,
    answerMs: 600,
  });
  expect(http?.failures).toEqual([]);
  expect(Number(http?.figures["events accepted"])).toBeGreaterThan(500);
  expect(attacks?.failures).toEqual([]);
}, 300_000);
