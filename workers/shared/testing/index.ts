export { type WaitOptions, WaitTimeoutError, waitFor } from "../../../scripts/lib/wait-for.ts";
export { createTestDatabase, type TestDatabase, testClickHouseConfig } from "./database.ts";
export { eventRow } from "./event-rows.ts";
export { type ClickHouseAddress, type OwnStack, ownStack, type Stack, useStack } from "./stack.ts";
export { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
export { uniqueName } from "./unique-name.ts";
export { type LogLine, type RunningWorker, startWorker, type WorkerSpec } from "./worker.ts";
