import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { dieWithParent } from "../testkit/process/die-with-parent.ts";

const POM = join(import.meta.dir, "kafka-tools/pom.xml");
const ROOT = join(import.meta.dir, "../..");
const TARGET = join(ROOT, ".tools", `bench-kafka-tools-${Bun.hash(readFileSync(POM)).toString(16)}`);

/** Fetches Kafka's own measuring tool from Maven Central, once (about 43 MB). @throws when Maven fails. */
export async function prepareKafkaTools(): Promise<void> {
  if (existsSync(TARGET)) return;
  console.log("kafka-consumer-perf-test: fetching its jars from Maven Central (about 43 MB)");
  const partial = `${TARGET}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const copy = ["dependency:copy-dependencies", `-DoutputDirectory=${partial}`];
  const mvn = Bun.spawn(["mvn", "-q", "-B", "-f", POM, ...copy], { stdio: ["ignore", "pipe", "inherit"] });
  const [code, text] = await Promise.all([mvn.exited, new Response(mvn.stdout).text()]);
  if (code !== 0) throw new Error(`Maven could not fetch the jars (${code}); is the network up?\n${text.slice(-2000)}`);
  renameSync(partial, TARGET);
}

/** What kafka-consumer-perf-test says of one pass over a topic, and the CPU time of its process. */
export type ConsumerPerf = { eventsPerS: number; mbPerS: number; cpuUsPerEvent: number };

/** Reads a topic with Kafka's own consumer, which throws the messages away. @throws when the tool fails. */
export async function consumerPerf(brokers: string, topic: string, messages: number): Promise<ConsumerPerf> {
  const tool = ["-cp", join(TARGET, "*"), "org.apache.kafka.tools.ConsumerPerformance"];
  const args = ["--bootstrap-server", brokers, "--topic", topic, "--num-records", String(messages), "--hide-header"];
  const child = Bun.spawn(dieWithParent(["java", ...tool, ...args, "--timeout", "60000"]), {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, MB/s of fetching, records/s of fetching
  const fields = out.trim().split("\n").at(-1)?.split(",").map(Number) ?? [];
  const [mbPerS, eventsPerS] = [fields[8], fields[9]];
  if (code !== 0 || mbPerS === undefined || eventsPerS === undefined) {
    throw new Error(`kafka-consumer-perf-test failed (${code}):\n${out}${err}`);
  }
  const cpuUs = Number(child.resourceUsage()?.cpuTime.total ?? Number.NaN);
  return { eventsPerS, mbPerS: mbPerS * 1.048576, cpuUsPerEvent: cpuUs / messages };
}
