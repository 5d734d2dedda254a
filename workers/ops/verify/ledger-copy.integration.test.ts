import { afterAll, beforeAll, expect, test } from "bun:test";
import { type LedgerRecord, ledgerKey } from "../../shared/clickhouse/tables/ledger.ts";
import { createOpsFixture, type OpsFixture } from "../testing/fixture.ts";
import { withOps } from "../testing/io.ts";
import { indexInstances } from "./instances.ts";
import { readSettledInstances } from "./ledger-copy.ts";

let fixture: OpsFixture;
beforeAll(async () => {
  fixture = await createOpsFixture("ledger_copy");
}, 90_000);
afterAll(() => fixture.close());

function heardOf(instance: string, agoMs: number): LedgerRecord {
  const updated_at = Date.now() - agoMs;
  return { kind: "instance", instance, state: "open", started_at: updated_at, updated_at, count: 0, unknown: 0 };
}

test("whose newest record is not copied yet is alive; whoever was silent before is not", async () => {
  await fixture.ledger([heardOf("slow", 60_000), heardOf("killed", 60_000)]);
  const record = heardOf("slow", 0);
  const producer = fixture.kafka.producer();
  await producer.connect();
  const message = { key: ledgerKey(record), value: JSON.stringify(record), partition: 0 };
  await producer.send({ topic: fixture.config.KAFKA_LEDGER_TOPIC, messages: [message] });
  await producer.disconnect();
  const [{ rows, asOfMs }] = await Promise.all([
    withOps(fixture, readSettledInstances),
    Bun.sleep(1_500).then(() => fixture.ledger([])),
  ]);
  const instances = indexInstances(rows, asOfMs);
  expect([instances.stateOf("slow"), instances.stateOf("killed")]).toEqual(["live", "dead"]);
}, 60_000);
