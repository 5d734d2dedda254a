import { expect, test } from "bun:test";
import type { z } from "zod";
import { consoleConfigSchema } from "../../workers/console/config.ts";
import { consumerConfigSchema } from "../../workers/consumer/config.ts";
import { opsConfigSchema } from "../../workers/ops/config.ts";
import { lakeConfigSchema } from "../../workers/ops/lake/config.ts";
import { watchConfigSchema } from "../../workers/ops/watch/config.ts";
import { producerConfigSchema } from "../../workers/producer/config.ts";
import { misspelledVariables } from "../../workers/shared/runtime/misspelled.ts";

const schemas: Record<string, z.ZodObject> = {
  producer: producerConfigSchema,
  consumer: consumerConfigSchema,
  console: consoleConfigSchema,
  ops: opsConfigSchema,
  watch: watchConfigSchema,
  lake: lakeConfigSchema,
};
const names = Object.values(schemas).flatMap((schema) => Object.keys(schema.shape));
const all = Object.fromEntries(names.map((name) => [name, "x"]));

test("one environment may hold the variables of all workers: none is taken for a mistake in another's", () => {
  for (const [worker, schema] of Object.entries(schemas)) {
    expect([worker, ...misspelledVariables(all, Object.keys(schema.shape))]).toEqual([worker]);
  }
});
