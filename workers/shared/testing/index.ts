export { waitFor } from "../../../scripts/lib/wait-for.ts";
export { createTestDatabase, type TestDatabase } from "./database.ts";
export { eventRow } from "./event-rows.ts";
export { type OwnStack, ownStack, type Stack, useStack } from "./stack.ts";
export { startTcpProxy } from "./tcp-proxy.ts";
export { uniqueName } from "./unique-name.ts";
export { healthUrl, metricSum, type RunningWorker, startWorker } from "./worker.ts";
