import { runWorker } from "../shared/runtime/lifecycle.ts";
import { createLogger } from "../shared/runtime/logger.ts";
import { configOrExit } from "../shared/runtime/worker-cli.ts";
import { createCli, EXIT } from "./cli.ts";
import { loadProducerConfig } from "./config.ts";
import { startProducer } from "./producer.ts";
import { assertReadable } from "./sources/file/file.ts";

const cli = createCli(async (flags) => {
  const config = configOrExit(() => {
    const loaded = loadProducerConfig(process.env, flags);
    if (loaded.SOURCE === "file" && loaded.FILE_PATH !== undefined) assertReadable(loaded.FILE_PATH);
    return loaded;
  });
  const logger = createLogger({ name: "producer", level: config.LOG_LEVEL });
  await runWorker(logger, (scope) => startProducer(config, { logger, scope }));
});
// commander's own exit code for a usage error is 1, which here means a failed run.
for (const command of [cli, ...cli.commands]) {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));
}
await cli.parseAsync();
