import { z } from "zod";
import { sendBatchBytes } from "../../shared/kafka/config.ts";
import { opsConfigShape } from "../config.ts";
import { lakeConfigShape } from "../lake/config.ts";
import { watchOnlyConfigSchema } from "../watch/config.ts";

const { CLICKHOUSE_WRITE_USER, CLICKHOUSE_WRITE_PASSWORD, CLICKHOUSE_WRITE_PASSWORD_FILE } =
  watchOnlyConfigSchema.shape;
const { LAKE_URL, ...lakeShape } = lakeConfigShape;

/** What `ops doctor` reads: the variables of the workers whose surroundings it looks at. */
export const doctorConfigSchema = z.object({
  ...opsConfigShape,
  ...lakeShape,
  LAKE_URL: LAKE_URL.optional(),
  SEND_BATCH_BYTES: sendBatchBytes(),
  CLICKHOUSE_WRITE_USER,
  CLICKHOUSE_WRITE_PASSWORD,
  CLICKHOUSE_WRITE_PASSWORD_FILE,
});

export type DoctorConfig = z.output<typeof doctorConfigSchema>;
