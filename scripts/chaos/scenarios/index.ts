import type { Scenario } from "../scenario.ts";
import { consumerKilled } from "./consumer-killed.ts";

/** All scenarios, in the order they are run. */
export const SCENARIOS: readonly Scenario[] = [...consumerKilled];
