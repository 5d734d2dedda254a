import { errorMessage } from "../shared/runtime/errors.ts";
import { runWorker } from "../shared/runtime/lifecycle.ts";
import { createLogger } from "../shared/runtime/logger.ts";
import { createCli, EXIT } from "./cli.ts";
import { loadProducerConfig, type ProducerConfig } from "./config.ts";
import { startProducer } from "./producer.ts";

const cli = createCli(async (flags) => {
  let config: ProducerConfig;
  try {
    config = loadProducerConfig(process.env, flags);
  } catch (error) {
    console.error(errorMessage(error));
    process.exit(EXIT.usage);
  }
  const logger = createLogger({ name: "producer", level: config.LOG_LEVEL });
  await runWorker(logger, (scope) => startProducer(config, { logger, scope }));
});
// commander's own exit code for a usage error is 1, which here means a failed run.
for (const command of [cli, ...cli.commands]) {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));
}
await cli.parseAsync();
