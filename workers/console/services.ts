import type { ClickHouse } from "../shared/clickhouse/client.ts";
import type { Clock } from "../shared/runtime/clock.ts";
import type { HealthChecks } from "../shared/runtime/health-server.ts";
import type { Logger } from "../shared/runtime/logger.ts";
import type { Attempts } from "./auth/attempts.ts";
import type { Guard } from "./auth/guard.ts";
import type { Sessions, TokenCheck } from "./auth/tokens.ts";
import type { ConsoleConfig } from "./config.ts";
import type { Lag } from "./data/lag.ts";
import type { OverviewLimits } from "./data/overview.ts";
import type { Reads } from "./data/reads.ts";
import type { Replayer } from "./data/replay.ts";
import type { Standing } from "./data/standing.ts";
import type { StoredCounts } from "./data/stored-counts.ts";
import type { PublicUrl } from "./http/public-url.ts";
import type { ConsoleMetrics } from "./metrics.ts";

/** What pages and API work with. */
export type Services = {
  config: ConsoleConfig;
  /** Where browsers find the console, if not where it listens. */
  publicUrl: PublicUrl | undefined;
  reads: Reads;
  storedCounts: StoredCounts;
  standing: Standing;
  /** The client of the user that may write. */
  writes: Pick<ClickHouse, "insert">;
  replay: Replayer;
  lag: () => Lag | undefined;
  limits: OverviewLimits;
  guard: Guard;
  sessions: Sessions;
  checkToken: TokenCheck;
  checkWebhook: TokenCheck;
  attempts: Attempts;
  metrics: ConsoleMetrics;
  clock: Clock;
  logger: Logger;
  /** Answered on the console's port, too. */
  checks: HealthChecks;
};

/** Minutes younger than this may still change: late events and views are on their way, ms. */
export const SETTLE_MS = 180_000;
