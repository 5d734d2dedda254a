import { type Outcome, runOnce } from "./cron-job.ts";
import type { Cluster } from "./shell.ts";

/** Runs the chart's CronJob `verify` once, now; the code is that of `ops verify`: 0 exact, 1 differences, 3 not proven. */
export const verify = (cluster: Cluster): Promise<Outcome> => runOnce(cluster, "verify");
