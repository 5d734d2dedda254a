import { waitFor } from "../../testkit/process/wait-for.ts";
import { deleteVictim, scale, VICTIMS } from "../operate.ts";
import { NAMESPACE, objectName, podsOf, RELEASE } from "../settings.ts";
import type { Cluster } from "../shell.ts";
import { openSql, type Sql } from "../sql.ts";
import { installApp, waitForApp } from "../up.ts";
import { verify } from "../verify.ts";
import { waitRollout } from "../wait.ts";
import { clusterOps } from "./cluster-ops.ts";
import { consoleAnswers, watchProves } from "./console.ts";
import { type Context, check, make } from "./context.ts";
import { failedMigration } from "./failed-migration.ts";
import { moreEvents, totals } from "./load.ts";
import { FORBIDDEN_POD } from "./pods.ts";
import { getJson, promQuery } from "./prometheus.ts";
import { refusedByBroker, userPassword } from "./refusals.ts";
import type { Source } from "./report.ts";
import { restartEverything } from "./restart.ts";
import { restoreLostStore } from "./restore.ts";
import { rightsAsShipped } from "./rights.ts";
import { secondRelease } from "./second-release.ts";
import { wrongInput } from "./wrong-input.ts";

export type Scenario = {
  name: string;
  sources: readonly Source[];
  run: (context: Context) => Promise<string | undefined>;
};

const ENGINE: readonly Source[] = ["cluster", "broker", "engine"];
const FAULT: readonly Source[] = ["cluster", "broker", "engine", "fault"];

/** Runs a task with a connection of its own: a port-forward ends with the pod it leads to. */
async function withSql<T>(cluster: Cluster, task: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await openSql(cluster);
  try {
    return await task(sql);
  } finally {
    await sql.close();
  }
}

const flow = (cluster: Cluster, events: number) => withSql(cluster, (sql) => moreEvents(sql, events, 120_000));

/**
 * Everything that was ever produced must be stored and shown: the producer is stopped, so that its ledger closes and nothing
 * is in motion, `ops verify` must end with 0 having excluded nothing, and the load goes on.
 */
async function exact(cluster: Cluster): Promise<string> {
  await scaleProducer(cluster, 0);
  try {
    const { code, output } = await verify(cluster);
    check(code === 0 && !/still moving/.test(output), `verify ended with ${code}:\n${output}`);
    const sum = await withSql(cluster, totals);
    check(sum.stored === sum.counted, `${sum.stored} events are stored, ${sum.counted} are counted`);
    const proven = /^EXACT.*$/m.exec(output)?.[0] ?? "exact";
    return `${proven} (${sum.duplicates} duplicates, ${sum.deadLetters} dead letters)`;
  } finally {
    await scaleProducer(cluster, 1);
  }
}

async function scaleProducer(cluster: Cluster, replicas: number): Promise<void> {
  const producer = `deployment/${objectName("producer")}`;
  await cluster.kubectl(["scale", producer, `--replicas=${replicas}`, "-n", NAMESPACE.app]);
  const pods = podsOf("producer");
  const limits = { namespace: NAMESPACE.app, pods, timeoutMs: cluster.settings.timeoutMs };
  await waitRollout(cluster, producer, limits);
  if (replicas > 0) return;
  // Until the last pod has gone it still sends what it had buffered.
  await cluster.kubectl(["wait", "pod", "-l", pods, "-n", NAMESPACE.app, "--for=delete", "--timeout=60s"]);
}

/** @throws when the consumer's Deployment does not run an image with this tag. */
async function checkConsumerImage(cluster: Cluster, tag: string): Promise<void> {
  const deployment = `deploy/${objectName("consumer")}`;
  const image = await cluster.kubectl(["get", deployment, "-n", NAMESPACE.app, "-o", "jsonpath={..image}"]);
  check(image.includes(tag), `the consumer runs ${image}`);
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "every resource is accepted by the API server against the real CRDs",
    sources: ["cluster"],
    run: async ({ cluster }) => {
      const all =
        "consumer.autoscaling.enabled=true,console.enabled=true,lake.enabled=true,lake.url=s3://bucket/prefix";
      const rendered = await cluster.helm([
        "template",
        RELEASE,
        "--kube-version",
        "1.36.0",
        "charts/countinghouse",
        "-n",
        NAMESPACE.app,
        "--set",
        all,
      ]);
      const dryRun = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-n", NAMESPACE.app, "-f"];
      const chart = await cluster.kubectl([...dryRun, "-"], { input: rendered });
      const ha = await cluster.kubectl([...dryRun, "k8s/kafka/ha.yaml"]);
      return `${`${chart}${ha}`.trim().split("\n").length} resources`;
    },
  },
  {
    name: "events flow, and what was produced is what is stored and shown",
    sources: ENGINE,
    run: async ({ cluster }) => {
      const events = await flow(cluster, 1_000);
      const live = await verify(cluster);
      check(live.code === 0, `verify under load ended with ${live.code}:\n${live.output}`);
      return `${events} came in while watching; ${await exact(cluster)}`;
    },
  },
  {
    name: "helm test: an event in by HTTP is found by SQL and counted once",
    sources: ENGINE,
    run: async ({ cluster }) => {
      const output = await cluster.helm(["test", RELEASE, "-n", NAMESPACE.app, "--logs", "--timeout", "5m"]);
      check(/counted: once/.test(output), output);
      return /counted: .*/.exec(output)?.[0];
    },
  },
  {
    name: "Prometheus scrapes every worker, and Alertmanager answers",
    sources: ["cluster"],
    run: async ({ cluster }) => {
      const query = `up{namespace="${NAMESPACE.app}"}`;
      const workers = ["producer", "consumer", "ingest", "console", "verify-watch"];
      let jobs: string[] = [];
      await waitFor(
        async () => {
          const samples = await promQuery(cluster, query);
          jobs = samples.filter((sample) => sample.value === 1).map((sample) => sample.metric.job ?? "");
          return workers.every((worker) => jobs.includes(worker));
        },
        { timeoutMs: 120_000, intervalMs: 3_000, describe: () => `targets of ${workers} up (up are ${jobs})` },
      );
      const status = await getJson<{ cluster: { status: string } }>(
        cluster,
        "monitoring-alertmanager",
        9093,
        "/api/v2/status",
      );
      check(typeof status.cluster.status === "string", "Alertmanager's status has no cluster");
      return `up: ${[...new Set(jobs)].sort().join(", ")}; Alertmanager answers (clustering ${status.cluster.status})`;
    },
  },
  {
    name: "the console shows events, lag and proofs to holders of its token, and verify-watch keeps proving",
    sources: ENGINE,
    run: async ({ cluster }) => `${await watchProves(cluster)}; ${await consoleAnswers(cluster)}`,
  },
  {
    name: "scaling the consumer 1 → 3 → 1 under load",
    sources: ENGINE,
    run: async ({ cluster }) => {
      await scale(cluster, "3");
      await flow(cluster, 1_000);
      await scale(cluster, "1");
      await flow(cluster, 500);
      return exact(cluster);
    },
  },
  ...VICTIMS.map(
    (victim): Scenario => ({
      name: `deleting ${victim.name} under load, without warning`,
      sources: FAULT,
      run: async ({ cluster }) => {
        const pod = await deleteVictim(cluster, victim);
        await flow(cluster, 500);
        return `${pod} deleted; ${await exact(cluster)}`;
      },
    }),
  ),
  {
    name: "restarting everything at once under load, without warning",
    sources: FAULT,
    run: async (context) => {
      const restarted = await restartEverything(context);
      await flow(context.cluster, 500);
      return `${restarted}; ${await exact(context.cluster)}`;
    },
  },
  {
    name: "helm upgrade to another image and configuration under load",
    sources: ENGINE,
    run: async ({ cluster, tags }) => {
      await installApp(cluster, tags[1], { "events.maxFutureMinutes": 11 });
      await waitForApp(cluster);
      await checkConsumerImage(cluster, tags[1]);
      await flow(cluster, 500);
      return exact(cluster);
    },
  },
  {
    name: "helm rollback under load",
    sources: ENGINE,
    run: async ({ cluster, tags }) => {
      await cluster.helm(["rollback", RELEASE, "-n", NAMESPACE.app]);
      await waitForApp(cluster);
      await checkConsumerImage(cluster, tags[0]);
      await flow(cluster, 500);
      return exact(cluster);
    },
  },
  {
    name: "a migration that has failed is run again by the next upgrade",
    sources: FAULT,
    run: failedMigration,
  },
  {
    name: "two releases in one namespace: the second by Helm 4, exact, and scaled by kubectl across an upgrade",
    sources: ENGINE,
    run: secondRelease,
  },
  {
    name: "make cluster-ops runs commands with the rights they need, and passes their exit codes on",
    sources: ENGINE,
    run: clusterOps,
  },
  {
    name: "a store that is lost wholly comes back by ops restore, and is EXACT from offset 0 on",
    sources: FAULT,
    run: async (context) => `${await restoreLostStore(context)}; ${await exact(context.cluster)}`,
  },
  {
    name: "ClickHouse's grants and the owners of the views are those that are shipped, as text",
    sources: ["cluster"],
    run: rightsAsShipped,
  },
  {
    name: "a pod that violates `restricted` is refused",
    sources: ["cluster"],
    run: async ({ cluster }) => {
      const { code, stderr } = await cluster.tryKubectl(["create", "-f", "-"], {
        input: JSON.stringify(FORBIDDEN_POD),
      });
      check(code !== 0 && /violates PodSecurity "restricted/.test(stderr), `exit ${code}: ${stderr}`);
      return stderr.trim().slice(0, 160);
    },
  },
  {
    name: "a consumer without a KafkaUser is refused by the broker",
    sources: ["broker", "fault"],
    run: (context) =>
      refusedByBroker(context, "stranger", "countinghouse-stranger", "guess", /SASL|uthentication|credentials/),
  },
  {
    name: "a consumer with the rights of verify, which may read but not join its group, is refused by the broker",
    sources: ["broker", "fault"],
    run: async (context) => {
      const user = "countinghouse-verify";
      const password = await userPassword(context.cluster, user);
      return refusedByBroker(
        context,
        "impostor",
        user,
        password,
        /GROUP_AUTHORIZATION|[Nn]ot authorized to access group/,
      );
    },
  },
  {
    name: "the other cluster commands do what they say",
    sources: ["cluster"],
    run: async ({ cluster, env }) => {
      const status = await make("cluster-status", env);
      check(
        status.code === 0 && /kafka\.kafka\.strimzi\.io\/countinghouse/.test(status.text),
        status.text.slice(-2000),
      );
      const sql = await make("cluster-sql", { ...env, Q: "SELECT 6 * 7 AS answer" });
      check(sql.code === 0 && /\b42\b/.test(sql.text), sql.text);
      const many = await make("cluster-scale", { ...env, N: "7" });
      check(many.code === 0 && /1 of 7 consumers will be idle/.test(many.text), many.text);
      await scale(cluster, "1");
      const nonsense = await make("cluster-scale", { ...env, N: "many" });
      check(nonsense.code !== 0 && /make cluster-scale N=3/.test(nonsense.text), nonsense.text);
      const verdict = await make("cluster-verify", env);
      check(verdict.code === 0 && /EXACT/.test(verdict.text), verdict.text.slice(-2000));
      return "status, sql, scale, verify";
    },
  },
  {
    name: "cluster-up once more converges to the same",
    sources: ["cluster"],
    run: async ({ cluster, env }) => {
      const { code, text } = await make("cluster-up", env);
      check(code === 0, text.slice(-3000));
      return exact(cluster);
    },
  },
  {
    name: "wrong input ends in one clear message",
    sources: ["cluster", "fault"],
    run: wrongInput,
  },
];
