/** The engine dies in the middle of a refresh, the exporter in the middle of an upload. */
import { existsSync } from "node:fs";
import { Gateway } from "../../../lake/gateway.ts";
import { GATEWAY } from "../../../lake/tools.ts";
import { waitFor } from "../../../testkit/process/wait-for.ts";
import { FaultProxy } from "../../../testkit/proxies/fault-proxy.ts";
import { startWorker } from "../../../testkit/worker.ts";
import { withDeadline } from "../context.ts";
import { eventAt } from "../events.ts";
import type { ChaosContext, Scenario } from "../scenario.ts";

const REFRESHING =
  "SELECT count() AS n FROM system.view_refreshes WHERE database = currentDatabase() AND status = 'Running'";

async function killedMidRefresh(context: ChaosContext): Promise<void> {
  const { engine } = context.pipeline;
  await context.startJoined();
  context.startLoad();
  for (let round = 0; round < 3; round++) {
    await context.untilMoreStored(1_000);
    const running = async () => Number((await context.pipeline.one<{ n: string }>(REFRESHING)).n) > 0;
    await waitFor(running, { timeoutMs: 60_000, intervalMs: 2, describe: "a view that is being refreshed" });
    await engine.kill();
    context.fault("SIGKILL engine during a refresh");
    await context.sleep(context.random.between(500, 3_000));
    await engine.start();
    await context.recovered();
  }
}

const HOUR_MS = 3_600_000;

async function killedMidExport(context: ChaosContext): Promise<void> {
  const { pipeline, random } = context;
  await context.startJoined();
  const hours = Array.from({ length: 8 }, (_, i) => Math.floor(Date.now() / HOUR_MS) * HOUR_MS - (i + 2) * HOUR_MS);
  await context.produce(
    hours.flatMap((hour) => Array.from({ length: 200 }, () => eventAt(random, hour + random.below(HOUR_MS)))),
  );
  context.startLoad();
  await context.untilMoreStored(500);
  const gateway = await Gateway.start(pipeline.dir);
  const proxy = await FaultProxy.start(gateway.port);
  const env = gateway.env("chaos", proxy.endpoint);
  try {
    for (const kind of ["held", "cut"] as const) {
      let uploads = 0;
      const reached = Promise.withResolvers<void>();
      proxy.inject(({ method }) => {
        if (method !== "PUT" || ++uploads < 3) return "pass";
        reached.resolve();
        return kind === "held" ? { holdUntil: new Promise(() => undefined) } : { cutAfterBytes: 100 };
      });
      const exporter = startWorker({ binary: "ops", args: ["lake", "export"], env: { ...pipeline.env, ...env } });
      await withDeadline(Promise.race([reached.promise, exporter.exited]), "the third upload");
      await exporter.kill("SIGKILL");
      context.fault(`SIGKILL exporter, upload ${kind}`);
      await context.produce(hours.map((hour) => eventAt(random, hour + random.below(HOUR_MS))));
    }
    proxy.inject(() => "pass");
    await context.recovered();
    await context.endLoads();
    await proveLake(context, env);
  } finally {
    proxy.close();
    await gateway.kill();
  }
}

/** Exports what is left until every file equals the store; hours that are being recomputed wait for the next export. */
async function proveLake(context: ChaosContext, env: Record<string, string>): Promise<void> {
  const { pipeline } = context;
  let last = "";
  const equal = async () => {
    const exported = await pipeline.ops(["lake", "export"], env);
    const verified = await pipeline.ops(["lake", "verify"], env);
    last = `${exported.code} ${exported.stderr}\n${verified.code} ${verified.stdout}\n${verified.stderr}`;
    return verified.code === 0;
  };
  await waitFor(equal, { timeoutMs: 90_000, intervalMs: 1_000, describe: () => `lake verify; the last said ${last}` });
  context.log(`lake verify: ${last.trim().split("\n").at(-1) ?? ""}`);
}

export const storeAndLake: readonly Scenario[] = [
  {
    name: "kill: mid-refresh",
    faults: "SIGKILL of the engine while a view is being refreshed, three times",
    ci: true,
    run: killedMidRefresh,
  },
  {
    name: "kill: mid-export",
    faults: "SIGKILL of the lake's exporter with an upload under way, twice; afterwards every file equals the store",
    unavailable: () => (existsSync(GATEWAY) ? undefined : "versitygw is not installed (`make test-lake` fetches it)"),
    run: killedMidExport,
  },
];
