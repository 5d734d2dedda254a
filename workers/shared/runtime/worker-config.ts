import { z } from "zod";
import { envInt } from "./config.ts";
import { LOG_LEVELS } from "./logger.ts";

/** Variables every worker reads. */
export const workerConfigShape = {
  LOG_LEVEL: z.enum(LOG_LEVELS).default("info").describe("Least severe log level that is written"),
  HEALTH_HOST: z.string().default("127.0.0.1").describe("Address of the health and metrics port"),
  HEALTH_PORT: envInt(0, 65535)
    .prefault("0")
    .describe("Port of /livez, /readyz and /metrics; 0 picks a free one and logs it"),
};
