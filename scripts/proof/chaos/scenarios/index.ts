import type { Scenario } from "../scenario.ts";
import { broker } from "./broker.ts";
import { clickhouse } from "./clickhouse.ts";
import { clickhouseErrors } from "./clickhouse-errors.ts";
import { clickhouseSchema } from "./clickhouse-schema.ts";
import { consumerKilled } from "./consumer-killed.ts";
import { group } from "./group.ts";
import { input } from "./input.ts";
import { network } from "./network.ts";
import { storeAndLake } from "./store-and-lake.ts";

/** All scenarios, in the order they are run. */
export const SCENARIOS: readonly Scenario[] = [
  ...consumerKilled,
  ...storeAndLake,
  ...group,
  ...broker,
  ...input,
  ...clickhouse,
  ...clickhouseErrors,
  ...clickhouseSchema,
  ...network,
];
