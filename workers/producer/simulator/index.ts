export { MALFORMED_VARIANTS, type MalformedVariant } from "./malformed.ts";
export {
  createSimulator,
  type PlannedSend,
  SIMULATOR_DEFAULTS,
  type Simulator,
  type SimulatorOptions,
} from "./simulator.ts";
