import { afterAll, beforeAll, expect, test } from "bun:test";
import { type OwnStack, ownStack } from "../../../scripts/testkit/index.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import { messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";
import { withOps } from "../testing/io.ts";
import { committedOffsets } from "./catch-up.ts";

/** A group's coordinator that is not chosen yet, or is moving, says nothing about the group. */

let stack: OwnStack;
let fixture: OpsFixture;
beforeAll(async () => {
  // A broker that nobody has asked for a group yet.
  stack = await ownStack();
  fixture = await createOpsFixture("coordinator", stack);
}, 180_000);
afterAll(async () => {
  await fixture?.close();
  await stack?.close();
});

test("before any group's first commit what waits is NOT PROVEN, not an error; after a restart of the broker it is asked again", async () => {
  await fixture.produce(testEvents(20, Date.now()).map((event) => messageOf(event)));
  const first = await fixture.run(["verify", "--wait", "500ms"]);
  expect(first.out).toMatch(/^NOT PROVEN/);
  expect(first.out).toContain("20 messages behind");
  expect(first.code).toBe(3);

  await fixture.consume();
  await stack.broker.stop();
  await stack.broker.start();
  const again = await fixture.run(["verify", "--wait", "30s"]);
  expect(again.out).toMatch(/^EXACT/);
  expect(again.code).toBe(0);
}, 240_000);

const CODES = [
  "KAFKA_NOT_COORDINATOR_FOR_GROUP",
  "KAFKA_GROUP_COORDINATOR_NOT_AVAILABLE",
  "KAFKA_GROUP_COORDINATOR_NOT_FOUND",
  "KAFKA_GROUP_LOAD_IN_PROGRESS",
];
const refusal = (code: string) => new AppError(code, "This is not the correct coordinator", { retry: true });

test("it is asked again while it moves, said what is waited for, and given up after a while", async () => {
  await fixture.produce(testEvents(20, Date.now()).map((event) => messageOf(event)));
  await fixture.consume();
  await withOps(fixture, async (services) => {
    const said: string[] = [];
    let [nowMs, refusals] = [0, [...CODES]];
    const io = { ...services.io, clock: { now: () => nowMs }, progress: (text: string) => said.push(text) };
    const admin = {
      ...services.admin,
      fetchOffsets: async (options: Parameters<typeof services.admin.fetchOffsets>[0]) => {
        nowMs += 1_000;
        const code = refusals.shift();
        if (code !== undefined) throw refusal(code);
        return services.admin.fetchOffsets(options);
      },
    };
    const { KAFKA_GROUP_ID: group, KAFKA_EVENTS_TOPIC: topic } = fixture.config;
    const committed = await committedOffsets({ admin, io }, { group, topic });
    expect([...committed.values()].reduce((sum, offset) => sum + offset, 0)).toBeGreaterThanOrEqual(20);
    expect(said).toHaveLength(CODES.length);
    expect(said[0]).toContain(`waiting for the coordinator of group ${group}`);

    refusals = Array.from({ length: 100 }, () => CODES[0] ?? "");
    const failure = () => committedOffsets({ admin, io }, { group, topic }).catch((error: unknown) => error);
    expect(await failure()).toMatchObject({ code: CODES[0], retry: true });
    expect(refusals.length).toBeGreaterThan(80);

    // Anything else is passed on at once.
    refusals = ["KAFKA_GROUP_AUTHORIZATION_FAILED"];
    expect(await failure()).toMatchObject({ code: "KAFKA_GROUP_AUTHORIZATION_FAILED" });
    expect(refusals).toEqual([]);
  });
}, 60_000);
