import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const POM = join(import.meta.dir, "pom.xml");
const ROOT = join(import.meta.dir, "../../..");

/** The jars of the broker could not be fetched. */
export class JarsError extends Error {
  readonly code = "kafka_jars";
  readonly retry = true;
}

/**
 * The directory with the broker's jars, fetched from Maven Central on first use (about 45 MB). The directory's name holds
 * a hash of the pom, so an edited pom fetches anew; a rename at the end makes it safe for several processes at once.
 * @throws {JarsError} when Maven is missing or fails.
 */
export async function kafkaJars(onFetch: () => void = () => undefined): Promise<string> {
  const hash = Bun.hash(readFileSync(POM)).toString(16);
  const target = join(ROOT, ".tools", `kafka-${hash}`);
  if (existsSync(target)) return target;
  if (Bun.which("mvn") === null)
    throw new JarsError("Maven is missing: run `make setup`, or install Maven 3.6 or later");
  onFetch();
  const partial = `${target}.${process.pid}.partial`;
  mkdirSync(partial, { recursive: true });
  const mvn = Bun.spawn(
    ["mvn", "-q", "-B", "-f", POM, "dependency:copy-dependencies", `-DoutputDirectory=${partial}`],
    { stdout: "pipe", stderr: "pipe" },
  );
  const [code, output] = await Promise.all([mvn.exited, new Response(mvn.stdout).text()]);
  if (code !== 0) {
    rmSync(partial, { recursive: true, force: true });
    throw new JarsError(
      `Maven could not fetch the Kafka jars (exit ${code}); is the network up?\n${output.slice(-2000)}`,
    );
  }
  try {
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(target)) throw error; // otherwise another process was first
  }
  return target;
}
