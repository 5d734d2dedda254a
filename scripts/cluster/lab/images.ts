import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kafkaJars } from "../../testkit/broker/jars.ts";
import { imageName, loadImages, WORKERS } from "../images.ts";
import { ROOT, readSettings, type Settings } from "../settings.ts";
import { must } from "../shell.ts";
import { step } from "../ui.ts";
import type { Lab } from "./lab.ts";

export const KAFKA_IMAGE = "lab/kafka:dev";
export const CLICKHOUSE_IMAGE = "lab/clickhouse:dev";

const here = (path: string) => join(import.meta.dir, path);
const bun = (...args: string[]) => must([process.execPath, "build", ...args]);

/** Copies a file and makes it readable and executable for all, whatever the umask of the checkout was. */
function copyProgram(from: string, to: string): void {
  cpSync(from, to);
  chmodSync(to, 0o755);
}

/** Builds an image from a temporary directory that `fill` fills. */
async function build(name: string, dockerfile: string, fill: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "lab-image-"));
  try {
    await fill(dir);
    await must(["docker", "build", "-q", "-t", name, "-f", dockerfile, dir]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The broker from Kafka's jars, together with the stand-in for Strimzi's operators. */
export function buildKafka(): Promise<void> {
  return build(KAFKA_IMAGE, here("kafka/Dockerfile"), async (dir) => {
    cpSync(await kafkaJars(), join(dir, "libs"), { recursive: true });
    for (const file of ["broker.sh", "log4j2.xml"]) copyProgram(here(`kafka/${file}`), join(dir, file));
    await bun("--compile", here("operator/main.ts"), "--outfile", join(dir, "operator"));
  });
}

/** The embedded engine behind HTTP, at the server's path. */
export function buildClickHouse(): Promise<void> {
  return build(CLICKHOUSE_IMAGE, here("clickhouse/Dockerfile"), async (dir) => {
    const app = join(dir, "app");
    mkdirSync(app);
    // The native library is loaded from beside the program.
    await bun("--target=bun", "--external", "chdb", here("clickhouse/main.ts"), "--outfile", join(app, "main.js"));
    for (const name of ["chdb", "@chdb"]) {
      cpSync(join(ROOT, "node_modules", name), join(app, "node_modules", name), { recursive: true, dereference: true });
    }
    cpSync(process.execPath, join(app, "bun"), { dereference: true });
    copyProgram(here("clickhouse/clickhouse-server"), join(dir, "clickhouse-server"));
  });
}

/** Builds the stand-ins and the workers' images and brings them into the cluster. */
export async function provideImages(lab: Lab, settings: Settings, tags: readonly [string, ...string[]]): Promise<void> {
  await step("image lab/jre:17", () => lab.call(["jre"]));
  await step(`image ${KAFKA_IMAGE}`, buildKafka);
  await step(`image ${CLICKHOUSE_IMAGE}`, buildClickHouse);
  for (const name of [KAFKA_IMAGE, CLICKHOUSE_IMAGE]) await step(`loading ${name}`, () => lab.call(["load", name]));
  const names: string[] = [];
  for (const worker of WORKERS) {
    const [first, ...others] = tags.map((tag) => imageName(settings, worker, tag));
    if (first === undefined) continue;
    await step(`image ${first}, FROM scratch`, () => lab.call(["image", first, "/worker", `dist/${worker}=/worker`]));
    for (const other of others) await must(["docker", "tag", first, other]);
    names.push(first, ...others);
  }
  // By the code of `make cluster-up`, which would say here that the cluster is not ours.
  await loadImages(readSettings({ CLUSTER_NAME: lab.cluster }), names);
}
