import { afterAll, beforeAll, expect, test } from "bun:test";
import { messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";

let fixture: OpsFixture;
beforeAll(async () => {
  fixture = await createOpsFixture("audit");
}, 60_000);
afterAll(() => fixture.close());

test("agrees when everything is stored", async () => {
  const events = testEvents(300, Date.now() - 5_000);
  await fixture.produce(events.map((event) => messageOf(event)));
  await fixture.produce(events.slice(0, 30).map((event) => messageOf(event)));
  await fixture.produce([{ value: "not json" }, { value: null, partition: 1 }, { value: "{}" }]);
  await fixture.consume();
  const { code, out, err } = await fixture.run(["verify", "--audit"]);
  console.log(err, out);
  expect(code).toBe(0);
}, 120_000);
