import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import type { ClickHouseConfig } from "../../shared/clickhouse/config.ts";
import { assertClickHouseReachable } from "../../shared/clickhouse/reachable.ts";
import type { KafkaConfig } from "../../shared/kafka/config.ts";
import { assertKafkaReachable } from "../../shared/kafka/reachable.ts";
import { AppError, errorFields } from "../../shared/runtime/errors.ts";
import type { Logger } from "../../shared/runtime/logger.ts";

/**
 * Says in the log, within seconds of the start, which of Kafka and ClickHouse cannot be used, with its variable. The pages
 * say it for as long as it lasts. Rejects with what is no failure of theirs.
 */
export async function sayWhatIsUnreachable(
  config: KafkaConfig & ClickHouseConfig,
  { clickhouse, logger }: { clickhouse: Pick<ClickHouse, "query">; logger: Logger },
): Promise<void> {
  const onSlow = (text: string) => logger.warn(text);
  const say = (error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    logger.warn(errorFields(error), "the pages show nothing of it until it answers");
  };
  await Promise.all([
    assertKafkaReachable(config, logger, onSlow).catch(say),
    assertClickHouseReachable(config, clickhouse, onSlow).catch(say),
  ]);
}
