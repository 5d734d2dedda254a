/** What an audit may do to the ledger of a killed producer, with the rights that the chart gives to its Kafka user. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { SecureStack } from "./secure-stack.ts";

let stack: SecureStack;
beforeAll(async () => {
  stack = await SecureStack.start();
}, 120_000);
afterAll(() => stack.stop(), 60_000);

test("without the right to write it stays open and is named; operate's audit closes it", async () => {
  const ops = (args: string, user: string) => stack.ops([...args.split(" "), "--wait", "60s"], stack.env(user));
  expect(await stack.ops(["migrate"], stack.env("migrate"))).toMatchObject({ code: 0 });
  const consumer = stack.start("consumer", [], stack.env("consumer"));
  const producer = stack.start("producer", "simulate --rate 20".split(" "), stack.env("producer"));
  await producer.waitForLog(({ json }) => Number(json.acknowledged) > 20, { timeoutMs: 120_000 });
  await producer.kill("SIGKILL");
  // Whoever has written nothing for 15 s counts as killed.
  await Bun.sleep(16_000);
  expect(await ops("verify --audit", "verify")).toMatchObject({
    code: 0,
    text: expect.stringMatching(/^ledgers that stay open, .*\nnext: .*LEDGER/m),
  });
  expect(await ops("verify", "verify")).toMatchObject({ code: 3 });
  expect(await ops("verify --audit", "operate")).toMatchObject({
    code: 0,
    text: expect.stringContaining("closed the open ledger of "),
  });
  expect(await ops("verify", "verify")).toMatchObject({ code: 0 });
  expect(await consumer.kill("SIGTERM")).toBe(0);
}, 300_000);
