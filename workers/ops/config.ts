import { z } from "zod";
import { clickhouseConfigShape } from "../shared/clickhouse/config.ts";
import { kafkaConfigShape } from "../shared/kafka/config.ts";
import { pipelineConfigShape } from "../shared/pipeline/config.ts";
import { LOG_LEVELS } from "../shared/runtime/logger.ts";

/** Variables of every `ops` command. */
export const opsConfigShape = {
  ...kafkaConfigShape,
  ...clickhouseConfigShape,
  ...pipelineConfigShape,
  CLICKHOUSE_CLUSTER: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, "must be a name of letters, digits, _ and -")
    .optional()
    .describe(
      "Cluster on whose replicas `ops migrate` makes a new database, with the engine Replicated; default: on this server alone",
    ),
  LOG_LEVEL: z.enum(LOG_LEVELS).default("silent").describe("Least severe level of the client's log lines, on stderr"),
};

export const opsConfigSchema = z.object(opsConfigShape);
export type OpsConfig = z.output<typeof opsConfigSchema>;
