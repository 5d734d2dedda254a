/** `bun scripts/local/stack.ts up|down|status|clean`: the local stack as background processes with data in `.local/`. */
import { rmSync } from "node:fs";
import { join, relative } from "node:path";
import { z } from "zod";
import { JarsError } from "../testkit/broker/jars.ts";
import { StartError } from "../testkit/process/managed-process.ts";
import { portProblems } from "./check-ports.ts";
import { monitoring } from "./monitoring.ts";
import { infrastructure, type Service, setupSteps, workers } from "./services.ts";
import { consoleTokenFile, type LocalSettings, readSettings, workerEnv } from "./settings.ts";

/** A failure the user can do something about; the message says what. */
class StackError extends Error {
  readonly code = "stack";
  readonly retry = false;
}

const ROOT = join(import.meta.dir, "../..");

async function up(settings: LocalSettings): Promise<void> {
  const base = infrastructure(settings);
  const watching = monitoring(settings);
  const taken = await portProblems([...base, ...workers(settings), ...watching.services]);
  if (taken.length > 0) throw new StackError(taken.join("\n"));
  for (const service of base) await startService(service);
  for (const step of setupSteps(settings)) {
    await timed(step.name, async () => {
      const code = await runBinary(settings, step.command, step.env);
      if (code !== 0) throw new StackError(`${step.name} failed with exit code ${code}; its output is above`);
    });
  }
  for (const service of [...workers(settings), ...watching.services]) await startService(service);
  status(settings);
  if (watching.missing.length > 0) {
    console.log(
      `\nNot installed, so not started: ${watching.missing.join(", ")}. \`make test-alerts\` installs them on Debian.`,
    );
  }
  console.log("\n`ops doctor`:");
  const healthy = (await runBinary(settings, ["dist/ops", "doctor"], {})) === 0;
  console.log(`\n${firstSteps(settings)}`);
  if (!healthy) throw new StackError("everything was started, but `ops doctor` found what it lists above");
}

/** Runs one of our binaries to its end, with the stack's addresses; answers its exit code. */
function runBinary(
  settings: LocalSettings,
  [binary, ...args]: readonly [string, ...string[]],
  more: Readonly<Record<string, string>>,
): Promise<number> {
  const env = { ...process.env, ...workerEnv(settings), ...more };
  return Bun.spawn([join(ROOT, binary), ...args], { cwd: ROOT, env, stdout: "inherit", stderr: "inherit" }).exited;
}

function allServices(settings: LocalSettings): Service[] {
  return [...infrastructure(settings), ...workers(settings), ...monitoring(settings).services];
}

async function down(settings: LocalSettings): Promise<void> {
  for (const service of allServices(settings).reverse()) {
    if (service.pid() === undefined) console.log(`${service.name}: not running`);
    else {
      await timed(`${service.name}: stopping`, async () => {
        if (!(await service.stop())) console.log(`${service.name}: did not stop in time and was killed`);
      });
    }
  }
}

function status(settings: LocalSettings): boolean {
  const rows = allServices(settings).map((service) => ({
    service: service.name,
    state: service.pid() === undefined ? "stopped" : "running",
    pid: service.pid() ?? "",
    address: service.address,
    ports: service.ports.map(({ number }) => number).join(" "),
    log: relative(ROOT, service.logFile),
  }));
  console.log(Bun.inspect.table(rows));
  const down = rows.filter((row) => row.state !== "running").map((row) => row.service);
  if (down.length > 0) console.error(`not running: ${down.join(", ")}. Next: the end of its log, then \`make up\``);
  return down.length === 0;
}

async function clean(settings: LocalSettings): Promise<void> {
  await down(settings);
  for (const part of ["kafka", "clickhouse", "prometheus", "alertmanager", "console-token", "logs", "run"]) {
    rmSync(join(settings.dir, part), { recursive: true, force: true });
  }
  console.log(`removed the data in ${relative(ROOT, settings.dir) || settings.dir}`);
}

/** Where to look first. */
function firstSteps(settings: LocalSettings): string {
  const { consolePort, clickhousePort, clickhouseUser } = settings;
  const token = relative(ROOT, consoleTokenFile(settings));
  const engine = `http://127.0.0.1:${clickhousePort}/?database=countinghouse&user=${clickhouseUser}`;
  const sql =
    "SELECT event_minute, source, sum(events) FROM events_per_minute GROUP BY ALL ORDER BY event_minute DESC LIMIT 5";
  return [
    `Console:      http://127.0.0.1:${consolePort}, its token is in ${token}`,
    `First query:  curl '${engine}' -d '${sql} FORMAT PrettyCompact'`,
    "`make status` shows this table again, `make down` stops all, `make clean` removes the data.",
  ].join("\n");
}

async function startService(service: Service): Promise<void> {
  const running = service.pid();
  if (running !== undefined) return console.log(`${service.name}: already running (pid ${running})`);
  await timed(`${service.name}: starting`, () => service.start());
}

async function timed(what: string, task: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  process.stdout.write(`${what} … `);
  await task();
  console.log(`done in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

async function main([command]: readonly string[]): Promise<number> {
  const settings = readSettings(process.env);
  if (command === "up") await up(settings);
  else if (command === "down") await down(settings);
  else if (command === "status") return status(settings) ? 0 : 3;
  else if (command === "clean") await clean(settings);
  else {
    console.error("usage: stack.ts up|down|status|clean");
    return 2;
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof z.ZodError) console.error(z.prettifyError(error));
  else if (error instanceof StackError || error instanceof StartError || error instanceof JarsError) {
    console.error(`\n${error.message}\nNext: \`make status\` shows what runs; \`make down\` stops it.`);
  } else throw error;
  process.exitCode = 1;
}
