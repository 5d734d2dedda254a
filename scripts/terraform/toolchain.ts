import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run, tail } from "./run.ts";

const TOOLS_DIR = join(import.meta.dir, "..", "..", ".tools");

/** A tool, or in one line why it cannot be had here. */
export type Found<T> = { readonly found: T } | { readonly missing: string };

/** A Terraform program and the folder that holds the provider, undefined for the public registry. */
export interface Toolchain {
  readonly terraform: string;
  readonly pluginDir: string | undefined;
}

const PLATFORM = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;

/**
 * A folder in the layout of `terraform init -plugin-dir` that holds this version of the AWS provider: TF_PLUGIN_DIR when it
 * is set, else the places where Terraform itself looks and the folders directly below /opt.
 */
export function findPluginDir(version: string, env: Readonly<Record<string, string | undefined>>): Found<string> {
  const provider = join("registry.terraform.io", "hashicorp", "aws", version, PLATFORM);
  const holds = (dir: string) => existsSync(join(dir, provider));
  if (env.TF_PLUGIN_DIR) {
    return holds(env.TF_PLUGIN_DIR) ? { found: env.TF_PLUGIN_DIR } : { missing: `TF_PLUGIN_DIR holds no ${provider}` };
  }
  const below = [...new Bun.Glob("*/registry.terraform.io").scanSync({ cwd: "/opt", onlyFiles: false })];
  const candidates = [
    ...(env.TF_PLUGIN_CACHE_DIR ? [env.TF_PLUGIN_CACHE_DIR] : []),
    join(homedir(), ".terraform.d", "plugins"),
    join(env.XDG_DATA_HOME ?? join(homedir(), ".local", "share"), "terraform", "plugins"),
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    ...below.map((path) => join("/opt", path, "..")),
  ];
  const found = candidates.find(holds);
  return found === undefined ? { missing: `no local folder holds ${provider}; set TF_PLUGIN_DIR` } : { found };
}

/**
 * Terraform with the pinned provider. TF_PLUGIN_DIR=registry takes the provider from the public registry instead of a local
 * folder; it is kept in .tools/.
 */
export function findToolchain(version: string, env: Readonly<Record<string, string | undefined>>): Found<Toolchain> {
  const terraform = Bun.which("terraform");
  if (terraform === null) return { missing: "terraform is not on the PATH" };
  if (env.TF_PLUGIN_DIR === "registry") return { found: { terraform, pluginDir: undefined } };
  const plugins = findPluginDir(version, env);
  return "found" in plugins ? { found: { terraform, pluginDir: plugins.found } } : plugins;
}

/**
 * The environment for Terraform: no real account can be reached by mistake (no profile, no credentials but made-up ones, no
 * instance metadata), and a CLI configuration that does not exist is left out.
 */
export function terraformEnv(endpoint?: string): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(AWS|TF)_/.test(name));
  const config = process.env.TF_CLI_CONFIG_FILE;
  const cache = join(TOOLS_DIR, "terraform-plugins");
  mkdirSync(cache, { recursive: true });
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    TF_CLI_CONFIG_FILE: config !== undefined && existsSync(config) ? config : "/dev/null",
    ...(process.env.TF_PLUGIN_DIR === "registry" ? { TF_PLUGIN_CACHE_DIR: cache } : {}),
    CHECKPOINT_DISABLE: "1",
    AWS_ACCESS_KEY_ID: "made-up",
    AWS_SECRET_ACCESS_KEY: "made-up",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    // Without an emulator nothing listens here, so that a forgotten endpoint fails instead of reaching AWS.
    AWS_ENDPOINT_URL: endpoint ?? "http://127.0.0.1:9",
  };
}

/**
 * A virtual environment of Python in .tools/ with exactly what `requirements-<name>.txt` lists; made on first use, then kept
 * until the list changes.
 */
export async function pythonTool(name: string): Promise<Found<string>> {
  const requirements = join(import.meta.dir, `requirements-${name}.txt`);
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const dir = join(TOOLS_DIR, `python-${name}`);
  const stamp = join(dir, `${hash}.stamp`);
  if (existsSync(stamp)) return { found: join(dir, "bin") };
  const python = Bun.which("python3");
  if (python === null) return { missing: "python3 is not on the PATH" };
  console.log(`installing ${name} into .tools/python-${name} (once)`);
  rmSync(dir, { recursive: true, force: true });
  const venv = await run([python, "-m", "venv", dir]);
  if (venv.code !== 0) return { missing: `python3 -m venv failed (Debian: install python3-venv): ${tail(venv, 3)}` };
  const pip = [join(dir, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  const install = await run([...pip, "-r", requirements]);
  if (install.code !== 0) return { missing: `pip could not install ${name}: ${tail(install, 3)}` };
  writeFileSync(stamp, "");
  return { found: join(dir, "bin") };
}
