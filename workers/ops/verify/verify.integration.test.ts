import { afterAll, beforeAll, expect, test } from "bun:test";
import { ledgerOf, messageOf, testEvents } from "../testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";

let fixture: OpsFixture;
beforeAll(async () => {
  fixture = await createOpsFixture("verify");
}, 60_000);
afterAll(() => fixture.close());

type Report = {
  verdict: string;
  totals: Record<string, number>;
  differences: { check: string; expected: { events: number }; found: { events: number } }[];
  other_differences: string[];
  dead_letters: Record<string, number>;
  duplicates: number;
};

async function verify(fix: OpsFixture): Promise<{ code: number; report: Report; err: string }> {
  const { code, out, err } = await fix.run(["verify", "--json", "--settle", "3s", "--wait", "20s"]);
  return { code, report: JSON.parse(out), err };
}

test("agrees when everything is stored", async () => {
  const events = testEvents(300, Date.now() - 5_000);
  await fixture.ledger(ledgerOf("p1", events, "closed", Date.now()));
  await fixture.produce(events.map((event) => messageOf(event, { instance: "p1" })));
  await fixture.produce(events.slice(0, 30).map((event) => messageOf(event, { instance: "p1" })));
  await fixture.produce([{ value: "not json" }, { value: null, partition: 1 }]);
  await fixture.consume();
  const { code, report, err } = await verify(fixture);
  console.log(err, report);
  console.log((await fixture.run(["verify", "--settle", "3s", "--all"])).out);
  expect(report.verdict).toBe("EXACT");
  expect(code).toBe(0);
}, 120_000);
