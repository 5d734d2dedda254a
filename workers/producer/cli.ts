import { Command, Option } from "commander";
import { buildInfo } from "../shared/runtime/build-info.ts";
import type { Env } from "../shared/runtime/config.ts";

/** Exit codes, also listed by --help. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

const SIMULATE: readonly [flag: string, variable: string, text: string][] = [
  ["--rate <n>", "SIM_RATE", "mean events per second, irregular intervals"],
  ["--every <duration>", "SIM_EVERY", "fixed rhythm instead: one event every 250ms, 1s, 2m"],
  ["--seconds <n>", "SIM_SECONDS", "stop generating after this long"],
  ["--count <n>", "SIM_COUNT", "stop after this many messages (copies not counted)"],
  ["--seed <text>", "SIM_SEED", "seed of the behaviour"],
  ["--sources <weights>", "SIM_SOURCES", "relative weights, as lottery=4,web=3"],
  ["--users <n>", "SIM_USERS", "how many users exist"],
  ["--late-share <n>", "SIM_LATE_SHARE", "share of events held back, 0 to 1"],
  ["--late-range <from-to>", "SIM_LATE_RANGE", "for how many seconds, as 30-60"],
  ["--duplicate-share <n>", "SIM_DUPLICATE_SHARE", "share of events sent twice"],
  ["--malformed-share <n>", "SIM_MALFORMED_SHARE", "share of broken messages"],
  ["--drain-held <wait|now>", "SIM_DRAIN_HELD", "at the end: wait for held-back events, or send them now"],
];

const COMMON: readonly [string, string, string][] = [
  ["--brokers <list>", "KAFKA_BROKERS", "bootstrap brokers"],
  ["--topic <name>", "KAFKA_EVENTS_TOPIC", "topic of events"],
  ["--compression <codec>", "KAFKA_COMPRESSION", "none, gzip or zstd"],
  ["--health-port <n>", "HEALTH_PORT", "port of /livez, /readyz and /metrics; 0 picks a free one"],
  ["--log-level <level>", "LOG_LEVEL", "least severe level that is logged"],
];

const FILE: readonly [string, string, string][] = [
  ["--rate <n>", "FILE_RATE", "lines per second; default: as fast as they are acknowledged"],
  ["--shift-time", "FILE_SHIFT_TIME", "the newest event happens now, the others before it; gives new ids; not with -"],
  ["--repeat <n>", "FILE_REPEAT", "send the file this often"],
];

const HTTP: readonly [string, string, string][] = [
  ["--host <address>", "HTTP_HOST", "address to listen on"],
  ["--port <n>", "HTTP_PORT", "port to listen on; 0 picks a free one"],
];

const EXAMPLES = `
Every option is also an environment variable (named in brackets); options win. Without a command the producer takes all
from the environment: SOURCE=simulator|file|http.

Examples:
  producer simulate --rate 5000 --seconds 60 --duplicate-share 0.05 --malformed-share 0.01
  producer simulate --every 1s --sources lottery=1
  producer file data/events.jsonl --shift-time
  zcat events.jsonl.gz | producer file -
  API_KEYS=secret producer http --host 0.0.0.0 --port 8080

Exit codes:
  0    everything sent was acknowledged (held-back events dropped by a signal were never promised); of a file, every line
  1    failed, acknowledgements stayed unknown, a line of a file was refused or not sent, or stopped before Kafka was reached
  2    usage or configuration error, or a file that cannot be read or is no JSON Lines (standard input: 1)
  130  stopped at once by a second signal`;

/**
 * The command line. `run` gets what it lays over the environment; it is called once, unless --help, --version or a usage
 * error ends it.
 */
export function createCli(run: (flags: Env) => Promise<void>): Command {
  const program = new Command("producer")
    .description("Sends events to Kafka: simulated, from a JSONL file, or received over HTTP.")
    .version(`${buildInfo.version} (${buildInfo.commit})`)
    .addHelpText("after", EXAMPLES)
    .showHelpAfterError("(see --help)")
    .action(() => run({}));
  const command = (name: string, source: string, text: string, options: readonly [string, string, string][]) => {
    const all = [...options, ...COMMON];
    const added = program.command(name).description(text);
    for (const [flag, variable, help] of all) added.addOption(new Option(flag, `${help} [${variable}]`));
    added.action((...args: unknown[]) => {
      const path = typeof args[0] === "string" ? { FILE_PATH: args[0] } : {};
      return run({ SOURCE: source, ...path, ...toEnv(all, added.opts()) });
    });
    return added;
  };
  command("simulate", "simulator", "send simulated events of the four sources", SIMULATE);
  command("file", "file", "send the lines of a JSONL file as they are", FILE).argument(
    "<path>",
    "file, or - for stdin",
  );
  command("http", "http", "accept events at POST /v1/events", HTTP);
  return program;
}

function toEnv(options: readonly [string, string, string][], values: Record<string, unknown>): Env {
  const env: Record<string, string> = {};
  for (const [flag, variable] of options) {
    const value = values[new Option(flag).attributeName()];
    if (value !== undefined) env[variable] = String(value);
  }
  return env;
}
