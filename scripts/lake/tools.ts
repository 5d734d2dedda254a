/**
 * What the lake's tests and demo need besides the stack, fetched into .tools/ once: versitygw (an S3 service on a plain
 * directory, compiled from the Go module proxy) and a Python environment with DuckDB, polars, pyarrow, pandas and
 * DataFusion.
 * `bun scripts/lake/tools.ts` fetches both.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const VERSITYGW = "v1.8.0";
const GATEWAY_DIR = join(ROOT, ".tools", `versitygw-${VERSITYGW}`);
const VENV_DIR = join(ROOT, ".tools/lake-python");
const REQUIREMENTS = join(import.meta.dir, "requirements.txt");

/** The S3 service's binary. */
export const GATEWAY = join(GATEWAY_DIR, "versitygw");
/** The Python that has the readers. */
export const PYTHON = join(VENV_DIR, "bin/python");

/** A tool could not be fetched; the message says what is missing. */
export class ToolError extends Error {
  readonly code = "tool_missing";
  readonly retry = false;
}

/** What `bun scripts/lake/tools.ts` would have to fetch; empty when all is there. */
export function missingTools(): string[] {
  const missing = existsSync(GATEWAY) ? [] : ["versitygw"];
  return venvStamp() === readFileSync(REQUIREMENTS, "utf8") ? missing : [...missing, "Python readers"];
}

/** Fetches what is missing. @throws {ToolError} */
export async function fetchTools(): Promise<void> {
  const missing = missingTools();
  if (missing.includes("versitygw")) await fetchGateway();
  if (missing.includes("Python readers")) await fetchPython();
}

async function fetchGateway(): Promise<void> {
  console.log(`versitygw ${VERSITYGW}: compiling from the Go module proxy (a minute or two)`);
  const partial = `${GATEWAY_DIR}.part`;
  mkdirSync(partial, { recursive: true });
  await run(["go", "install", `github.com/versity/versitygw/cmd/versitygw@${VERSITYGW}`], { GOBIN: partial });
  rmSync(GATEWAY_DIR, { recursive: true, force: true });
  renameSync(partial, GATEWAY_DIR);
}

async function fetchPython(): Promise<void> {
  console.log("DuckDB, polars, pyarrow, pandas and DataFusion: installing into .tools/");
  rmSync(VENV_DIR, { recursive: true, force: true });
  await run(["python3", "-m", "venv", VENV_DIR]);
  await run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]);
  writeFileSync(join(VENV_DIR, "stamp"), readFileSync(REQUIREMENTS, "utf8"));
}

function venvStamp(): string | undefined {
  const stamp = join(VENV_DIR, "stamp");
  return existsSync(stamp) ? readFileSync(stamp, "utf8") : undefined;
}

async function run(command: [string, ...string[]], env: Record<string, string> = {}): Promise<void> {
  const [program] = command;
  if (Bun.which(program) === null) throw new ToolError(`${program} is not installed: needed for the lake's tests`);
  const child = Bun.spawn(command, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] });
  const [code, text] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  if (code !== 0) throw new ToolError(`${command.join(" ")} failed (${code}):\n${text.trim().slice(-2000)}`);
}

if (import.meta.main) {
  try {
    await fetchTools();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
