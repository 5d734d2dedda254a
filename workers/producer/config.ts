import { z } from "zod";
import { SOURCES, type Source } from "../shared/event/index.ts";
import { COMPRESSIONS } from "../shared/kafka/codecs.ts";
import { kafkaConfigProblems, kafkaConfigShape, sendBatchBytes } from "../shared/kafka/config.ts";
import { type Env, envBool, envInt, envList, envNumber, loadConfig } from "../shared/runtime/config.ts";
import { isLoopback, listenConfigShape } from "../shared/runtime/http/listen-config.ts";
import { envSecretFile } from "../shared/runtime/secret-file.ts";
import { workerConfigShape } from "../shared/runtime/worker-config.ts";
import { isReadOnce } from "./sources/file/lines.ts";

const share = () => envNumber(0, 1);

/** `lottery=4,web=3`: relative weights; sources not named send nothing. */
const weights = z.string().transform((text, context): Readonly<Record<Source, number>> => {
  const result: Record<Source, number> = { lottery: 0, web: 0, mobile: 0, sensor: 0 };
  for (const part of text.split(",")) {
    const [name = "", weight = ""] = part.split("=").map((piece) => piece.trim());
    const source = SOURCES.find((candidate) => candidate === name);
    if (!source || !/^\d+(\.\d+)?$/.test(weight)) {
      context.addIssue({ code: "custom", message: `must be like lottery=4,web=3 with ${SOURCES.join(", ")}` });
      return z.NEVER;
    }
    result[source] = Number(weight);
  }
  if (SOURCES.every((source) => result[source] === 0)) {
    context.addIssue({ code: "custom", message: "at least one source needs a weight above 0" });
    return z.NEVER;
  }
  return result;
});

/** `30-60`: seconds from and to; in ms afterwards. */
const secondsRange = z.string().transform((text, context): readonly [number, number] => {
  const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text);
  const [from, to] = [Number(match?.[1]) * 1000, Number(match?.[2]) * 1000];
  if (from <= to) return [from, to];
  context.addIssue({ code: "custom", message: "must be like 30-60, in seconds" });
  return z.NEVER;
});

/** `250ms`, `1s`, `2m`; in ms afterwards. */
const duration = z.string().transform((text, context): number => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  const ms = Number(match?.[1]) * ({ ms: 1, s: 1000, m: 60_000 }[match?.[2] ?? "ms"] ?? 1);
  if (ms > 0) return ms;
  context.addIssue({ code: "custom", message: "must be like 250ms, 1s or 2m" });
  return z.NEVER;
});

/** `https://shop.example,http://localhost:3000`: without a path, as browsers send them; or `*`. */
const origins = envList().superRefine((list, context) => {
  for (const origin of list) {
    const ok = origin === "*" || (URL.canParse(origin) && new URL(origin).origin === origin);
    if (!ok) context.addIssue({ code: "custom", message: `must be like https://shop.example or *; ${origin} is not` });
  }
});

/** Variables of the producer, in the order of the README's table. */
export const producerConfigSchema = z.object({
  SOURCE: z.enum(["simulator", "file", "http"]).default("simulator").describe("Where events come from"),
  ...kafkaConfigShape,
  KAFKA_COMPRESSION: z.enum(COMPRESSIONS).default("none").describe("Compression of record batches"),
  SEND_LINGER_MS: envInt(0, 10_000).prefault("10").describe("Longest wait of an event for others to share its request"),
  SEND_BATCH_EVENTS: envInt(1, 100_000).prefault("2000").describe("Most events of one request"),
  SEND_BATCH_BYTES: sendBatchBytes(),
  SEND_LANES: envInt(1, 64)
    .prefault("2")
    .describe("Requests under way at once; each has its own connections, a partition always uses the same one"),
  BUFFER_EVENTS: envInt(1, 10_000_000).prefault("20000").describe("Most unacknowledged events before the source waits"),
  BUFFER_BYTES: envInt(1_000, 10_000_000_000).prefault("33554432").describe("Most bytes of unacknowledged events"),
  LEDGER_INTERVAL_MS: envInt(10, 600_000).prefault("1000").describe("Pause between ledger publications"),
  SHUTDOWN_GRACE_MS: envInt(0, 600_000)
    .prefault("20000")
    .describe("On shutdown, how long to wait for acknowledgements before giving them up as unknown"),
  MAX_EVENT_BYTES: envInt(100, 100_000_000).prefault("262144").describe("Largest event the HTTP API accepts"),
  SIM_RATE: envNumber(0.001, 1_000_000).prefault("50").describe("Mean events per second, irregular intervals"),
  SIM_EVERY: duration.optional().describe("Fixed rhythm instead of a rate: one event every 250ms, 1s, 2m"),
  SIM_SECONDS: envNumber(0.001, 10_000_000).optional().describe("Stop generating after this long; default: never"),
  SIM_COUNT: envInt(1, 1_000_000_000_000).optional().describe("Stop after this many messages; default: never"),
  SIM_SEED: z.string().optional().describe("Seed of the behaviour; default: random"),
  SIM_SOURCES: weights
    .prefault("lottery=4,web=3,mobile=2,sensor=1")
    .describe("Relative weights of the simulated sources"),
  SIM_USERS: envInt(1, 10_000_000).prefault("1000").describe("Simulated users; a tenth as many devices"),
  SIM_LATE_SHARE: share().prefault("0.1").describe("Share of events held back"),
  SIM_LATE_RANGE: secondsRange.prefault("30-60").describe("For how many seconds they are held back"),
  SIM_DUPLICATE_SHARE: share().prefault("0.01").describe("Share of events sent twice"),
  SIM_MALFORMED_SHARE: share().prefault("0.001").describe("Share of broken messages"),
  SIM_DRAIN_HELD: z
    .enum(["wait", "now"])
    .default("wait")
    .describe("At the end of SIM_SECONDS or SIM_COUNT: wait until held-back events are due, or send them now"),
  FILE_PATH: z.string().optional().describe("JSONL file to replay; - reads standard input"),
  FILE_RATE: envNumber(0.001, 1_000_000)
    .optional()
    .describe("Lines per second; default: as fast as they are acknowledged"),
  FILE_SHIFT_TIME: envBool()
    .prefault("false")
    .describe("Move times so that the newest event happens now, and give the events new ids; needs a file, not -"),
  FILE_REPEAT: envInt(1, 1_000_000).prefault("1").describe("How often to send the file"),
  ...listenConfigShape,
  HTTP_PORT: envInt(0, 65_535).prefault("8080").describe("Port of the ingest API; 0 picks a free one and logs it"),
  API_KEYS: envList().optional().describe("Accepted API keys, comma-separated; required unless HTTP_HOST is loopback"),
  API_KEYS_FILE: envSecretFile().optional().describe("File with API_KEYS instead, also one a line"),
  PUBLIC_API_KEYS: envList()
    .optional()
    .describe(
      "Keys that may stand in a web page: they can only send, in a header or as ?key=, from HTTP_ALLOWED_ORIGINS alone",
    ),
  PUBLIC_API_KEYS_FILE: envSecretFile().optional().describe("File with PUBLIC_API_KEYS instead, also one a line"),
  HTTP_ALLOWED_ORIGINS: origins
    .optional()
    .describe("Origins whose pages may send (CORS), as https://shop.example, comma-separated; * is any"),
  HTTP_MAX_BODY_BYTES: envInt(1_000, 1_000_000_000).prefault("4194304").describe("Largest request body"),
  HTTP_ACK_TIMEOUT_MS: envInt(10, 600_000)
    .prefault("10000")
    .describe("How long a request waits for Kafka before it is answered with 503"),
  HTTP_RATE_LIMIT: envNumber(0, 10_000_000)
    .prefault("0")
    .describe("Events per second and API key, with a burst of ten seconds' worth; 0: no limit"),
  ...workerConfigShape,
});

export type ProducerConfig = z.output<typeof producerConfigSchema>;

/**
 * Reads the configuration; values of the command line are laid over the environment.
 * @throws AppError `CONFIG_INVALID`.
 */
export function loadProducerConfig(env: Env, flags: Env = {}): ProducerConfig {
  return loadConfig(producerConfigSchema, { ...env, ...flags }, (config) => [
    ...kafkaConfigProblems(config),
    ...sourceProblems(config),
  ]);
}

function sourceProblems(config: Partial<ProducerConfig>): string[] {
  const problems: string[] = [];
  if (config.SOURCE === "file") {
    const { FILE_PATH: path, FILE_SHIFT_TIME: shifts, FILE_REPEAT: repeat = 1 } = config;
    if (path === undefined) problems.push("FILE_PATH: is required with SOURCE=file");
    const once = path !== undefined && isReadOnce(path);
    if (once && shifts) {
      problems.push("FILE_SHIFT_TIME: standard input or a pipe cannot be read twice; save it to a file first");
    }
    if (once && repeat > 1)
      problems.push("FILE_REPEAT: standard input or a pipe can be read only once; save it to a file first");
  }
  if (
    config.SOURCE === "http" &&
    !config.API_KEYS &&
    !config.PUBLIC_API_KEYS &&
    config.HTTP_HOST &&
    !isLoopback(config.HTTP_HOST)
  ) {
    problems.push("API_KEYS: is required unless HTTP_HOST is loopback");
  }
  if (config.PUBLIC_API_KEYS && !config.HTTP_ALLOWED_ORIGINS) {
    problems.push("HTTP_ALLOWED_ORIGINS: is required with PUBLIC_API_KEYS, as https://shop.example");
  }
  if (config.PUBLIC_API_KEYS?.some((key) => config.API_KEYS?.includes(key))) {
    problems.push("PUBLIC_API_KEYS: holds a key of API_KEYS, which everybody could read then");
  }
  return problems;
}
