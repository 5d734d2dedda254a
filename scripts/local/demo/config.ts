import { z } from "zod";
import { envInt, loadConfig } from "../../../workers/shared/runtime/config.ts";

const schema = z.object({
  DEMO_SECONDS: envInt(5, 86_400).prefault("60").describe("How long events are produced, seconds"),
  DEMO_RATE: envInt(1, 50_000).prefault("2000").describe("Events per second"),
  DEMO_SEED: envInt(0, 2 ** 31)
    .prefault("1")
    .describe("Seed of the simulated sources"),
});

/** What the demo can be told by its environment. */
export type DemoConfig = z.output<typeof schema>;

/** @throws AppError CONFIG_INVALID naming every bad variable. */
export function readDemoConfig(env: Readonly<Record<string, string | undefined>>): DemoConfig {
  return loadConfig(schema, env);
}
