import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dieWithParent } from "../../testkit/process/die-with-parent.ts";
import type { Peer } from "./peer.ts";

const ROOT = join(import.meta.dir, "../../..");
const VENV = join(ROOT, ".tools/bench-python");
const PYTHON = join(VENV, "bin/python");
const REQUIREMENTS = join(ROOT, "bench/python/requirements.txt");
const STAMP = join(VENV, "stamp");

/** Python with its packages could not be had. */
export class PythonMissingError extends Error {
  readonly code = "python_missing";
  readonly retry = false;
}

/** Creates the virtual environment with the pinned packages, once. @throws {PythonMissingError} saying what to install. */
export async function preparePython(): Promise<void> {
  const wanted = readFileSync(REQUIREMENTS, "utf8");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return;
  console.log("Python peer: installing confluent-kafka, orjson, pydantic and clickhouse-connect into .tools/");
  rmSync(VENV, { recursive: true, force: true });
  await run(["python3", "-m", "venv", VENV], "install Python 3.10+ with venv (Debian: apt-get install python3-venv)");
  const pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"] as const;
  await run([...pip, "--only-binary=:all:", "-r", REQUIREMENTS], "is the network up?");
  writeFileSync(STAMP, wanted);
}

async function run(command: readonly [string, ...string[]], advice: string): Promise<void> {
  if (Bun.which(command[0]) === null) throw new PythonMissingError(`${command[0]} is missing: ${advice}`);
  const child = Bun.spawn([...command], { stdio: ["ignore", "pipe", "pipe"] });
  const [code, ...texts] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if (code !== 0) {
    throw new PythonMissingError(`${command.join(" ")} failed (${code}): ${advice}\n${texts.join("").slice(-2000)}`);
  }
}

/** The consumer most teams write by hand: bench/python/pipeline.py. */
export const python: Peer = {
  name: "python",
  title: "Python, hand-written",
  async start({ store, topic }) {
    const { PATH = "", HOME = "" } = process.env;
    const child = Bun.spawn(dieWithParent([PYTHON, join(ROOT, "bench/python/pipeline.py")]), {
      env: {
        PATH,
        HOME,
        TZ: "UTC",
        ...store.env,
        KAFKA_EVENTS_TOPIC: topic.topic,
        KAFKA_GROUP_ID: `bench-${crypto.randomUUID()}`,
      },
      stdio: ["ignore", "ignore", Bun.file(join(store.dir, "python.log"))],
    });
    return {
      pid: child.pid,
      stop: async () => {
        child.kill("SIGKILL");
        await child.exited;
      },
    };
  },
};
