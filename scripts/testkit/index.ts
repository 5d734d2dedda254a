export { createTestDatabase, type TestDatabase } from "./database.ts";
export { eventMessage, eventRow, insertEventRows, TICKET } from "./event-rows.ts";
export { waitFor } from "./process/wait-for.ts";
export { startTcpProxy } from "./proxies/tcp-proxy.ts";
export { seeded } from "./seeded.ts";
export { type OwnStack, ownStack, type Stack, useStack } from "./stack.ts";
export { kafkaEnv, uniqueName } from "./unique-name.ts";
export { healthUrl, metricSum, type RunningWorker, startWorker } from "./worker.ts";
