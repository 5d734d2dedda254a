import { existsSync, readFileSync } from "node:fs";
import { arch, freemem, platform } from "node:os";
import { join } from "node:path";
import type { Settings } from "./settings.ts";
import { ROOT } from "./settings.ts";
import { findProgram, Refusal, run } from "./shell.ts";
import { say } from "./ui.ts";

type Tool = { name: string; version: string[]; minimum: string; go?: string; advice: string };

const TOOLS: readonly Tool[] = [
  {
    name: "docker",
    version: ["docker", "version", "--format", "{{.Server.Version}}"],
    minimum: "20.10",
    advice: "install Docker Engine or Docker Desktop, and start it",
  },
  {
    name: "kind",
    version: ["kind", "version", "-q"],
    minimum: "0.30",
    go: "sigs.k8s.io/kind@v0.33.0",
    advice: "https://kind.sigs.k8s.io/docs/user/quick-start/",
  },
  {
    name: "kubectl",
    version: ["kubectl", "version", "--client", "-o", "json"],
    minimum: "1.30",
    advice: "https://kubernetes.io/docs/tasks/tools/",
  },
  {
    name: "helm",
    version: ["helm", "version", "--template", "{{.Version}}"],
    minimum: "3.14",
    go: "helm.sh/helm/v3/cmd/helm@v3.22.0",
    advice: "https://helm.sh/docs/intro/install/",
  },
];

/** Platforms Bun compiles Linux binaries on, and kind runs on. */
const PLATFORMS = new Set(["linux x64", "linux arm64", "darwin arm64", "darwin x64"]);

/** Checks everything at once, so that one look tells all that is missing. @throws Refusal with one line per finding. */
export async function preflight(settings: Settings): Promise<void> {
  const host = `${platform()} ${arch()}`;
  if (!PLATFORMS.has(host)) throw new Refusal(`${host}: not supported; use Linux or macOS (on Windows, WSL 2)`);
  const problems: string[] = [];
  for (const tool of TOOLS.filter(({ name }) => isNeeded(name, settings))) {
    const problem = await checkTool(tool, settings.install);
    if (problem !== undefined) problems.push(problem);
  }
  if (settings.provider === "kind") problems.push(...(await machineProblems(settings)));
  else if (!existsSync(settings.kubeconfig)) problems.push(`CLUSTER_KUBECONFIG: there is no ${settings.kubeconfig}`);
  if (problems.length > 0) throw new Refusal(`Not ready for a cluster:\n  ${problems.join("\n  ")}`);
}

function isNeeded(tool: string, { provider, images }: Settings): boolean {
  if (tool === "kind") return provider === "kind";
  if (tool === "docker") return provider === "kind" || images.build;
  return true;
}

async function checkTool(tool: Tool, install: boolean): Promise<string | undefined> {
  if (findProgram(tool.name) === undefined && install && tool.go) await installWithGo(tool.name, tool.go);
  if (findProgram(tool.name) === undefined) {
    const offer = tool.go ? "; INSTALL=1 puts it into .tools/bin" : "";
    return `${tool.name} is missing (${tool.advice}${offer})`;
  }
  const { code, stdout, stderr } = await run(tool.version, { timeoutMs: 30_000 });
  if (code !== 0) return `${tool.name} does not answer: ${`${stderr}${stdout}`.trim().split("\n")[0]} (${tool.advice})`;
  const found = /(\d+)\.(\d+)/.exec(/"gitVersion": "([^"]+)"/.exec(stdout)?.[1] ?? stdout);
  if (found === null || isAtLeast(`${found[1]}.${found[2]}`, tool.minimum)) return undefined;
  return `${tool.name} ${found[0]} is too old, ${tool.minimum} or newer is needed (${tool.advice})`;
}

/** Compares versions of the form `major.minor`. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [a = 0, b = 0] = version.split(".").map(Number);
  const [c = 0, d = 0] = minimum.split(".").map(Number);
  return a > c || (a === c && b >= d);
}

async function installWithGo(name: string, module: string): Promise<void> {
  if (findProgram("go") === undefined) return;
  say(`compiling ${name} into .tools/bin (some minutes)`);
  const { code, stderr } = await run(["go", "install", module], {
    env: { GOBIN: join(ROOT, ".tools/bin"), GOFLAGS: "-trimpath" },
    timeoutMs: 1_800_000,
  });
  if (code !== 0) say(`go install ${module} failed: ${stderr.trim().split("\n").at(-1)}`);
}

const GIB = 1024 ** 3;

async function machineProblems({ kind }: Settings): Promise<string[]> {
  const problems: string[] = [];
  const needed = kind.nodes === 1 ? 5 : 6;
  const { code, stdout } = await run(["docker", "info", "--format", "{{.MemTotal}}"], { timeoutMs: 30_000 });
  const total = Number(stdout.trim());
  if (code === 0 && total > 0 && total < needed * GIB) {
    const have = (total / GIB).toFixed(1);
    problems.push(
      `Docker has ${have} GiB of memory, ${needed} are needed: give it more${kind.nodes === 1 ? "" : ", or set KIND_NODES=1"}`,
    );
  }
  if (platform() === "linux") {
    if (availableMemory() < 4 * GIB)
      say("warning: less than 4 GiB of memory are free; the cluster may be slow to come up");
    const { refusals, warnings } = inotifyFindings(kind.nodes, inotifyLimit);
    problems.push(...refusals);
    for (const warning of warnings) say(`warning: ${warning}`);
  }
  return problems;
}

/** What pods watch files with; below these limits several nodes fail with "too many open files". */
const INOTIFY = [
  ["max_user_instances", 512],
  ["max_user_watches", 131072],
] as const;

/**
 * What is too low of the host's inotify limits: one node usually lives with it, several do not.
 * @param limit a limit by its name; undefined: there is none.
 */
export function inotifyFindings(nodes: number, limit: (name: string) => number | undefined) {
  const [refusals, warnings]: [string[], string[]] = [[], []];
  for (const [name, minimum] of INOTIFY) {
    const value = limit(name);
    if (value === undefined || value >= minimum) continue;
    const finding = `fs.inotify.${name} is ${value}, ${minimum} are needed: sudo sysctl fs.inotify.${name}=${minimum}`;
    if (nodes > 1) refusals.push(`${finding}, or KIND_NODES=1`);
    else warnings.push(`${finding}, if pods fail to start`);
  }
  return { refusals, warnings };
}

function inotifyLimit(name: string): number | undefined {
  const file = `/proc/sys/fs/inotify/${name}`;
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : undefined;
}

function availableMemory(): number {
  const text = existsSync("/proc/meminfo") ? readFileSync("/proc/meminfo", "utf8") : "";
  const kib = /^MemAvailable:\s+(\d+)/m.exec(text)?.[1];
  return kib === undefined ? freemem() : Number(kib) * 1024;
}
