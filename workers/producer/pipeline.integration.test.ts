/** A stop that arrives while the start is about to end, which a process can only be made to meet by chance. */
import { expect, test } from "bun:test";
import { pino } from "pino";
import { useStack } from "../../scripts/testkit/index.ts";
import { createScope } from "../shared/runtime/lifecycle.ts";
import { loadProducerConfig } from "./config.ts";
import { startProducer } from "./producer.ts";
import { createTestTopics, instanceOf, readAll, readLedger } from "./testing/read-back.ts";

test("a stop while the ledger is being opened: it is closed, nothing was sent, and the summary says so", async () => {
  const { brokers } = await useStack();
  const topics = await createTestTopics(brokers);
  const lines: string[] = [];
  const logger = pino({ level: "info" }, { write: (line: string) => lines.push(line) });
  const scope = createScope(logger);
  let stopped: Promise<unknown> | undefined;
  const interrupted: typeof scope = {
    get stopping() {
      return scope.stopping;
    },
    add: (component) => {
      scope.add(component);
      if (component.name === "ledger") stopped = scope.stop().catch((error: unknown) => error);
      return component;
    },
    stop: () => scope.stop(),
  };
  const config = loadProducerConfig({ ...topics.env, HEALTH_PORT: "0" }, { SOURCE: "simulator" });
  await startProducer(config, { logger, scope: interrupted });

  expect(await stopped).toMatchObject({ code: "NOTHING_SENT" });
  const summaries = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "summary");
  expect(summaries).toMatchObject([{ complete: false, acknowledged: 0 }]);
  expect(await readAll(topics.kafka, topics.config.KAFKA_EVENTS_TOPIC)).toEqual([]);
  expect(instanceOf(await readLedger(topics.kafka, topics.config.KAFKA_LEDGER_TOPIC)).state).toBe("closed");
}, 60_000);
