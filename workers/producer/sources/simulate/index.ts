export { MALFORMED_VARIANTS } from "./malformed.ts";
export {
  createSimulator,
  type PlannedSend,
  SIMULATOR_DEFAULTS,
  type Simulator,
} from "./simulator.ts";
