import { join } from "node:path";
import { ManagedProcess } from "../testkit/process/managed-process.ts";
import { freePort } from "../testkit/process/ports.ts";
import type { Report } from "./report.ts";
import { type Outcome, run, tail } from "./run.ts";
import { type Toolchain, terraformEnv } from "./toolchain.ts";

const NAME = "countinghouse-trial-lake";
const BUCKET = "countinghouse-trial-lake-bucket";
const DATABASE = "countinghouse_trial";
const VARIABLES = {
  environment: "trial",
  bucket_name: BUCKET,
  eks: {
    oidc_provider_arn: "arn:aws:iam::123456789012:oidc-provider/issuer.example/id/1",
    oidc_issuer_url: "https://issuer.example/id/1",
  },
};

const FACTS = {
  versioning: "Enabled",
  encryption: "aws:kms",
  publicAccessBlocked: true,
  denies: ["DenyWithoutTls", "DenyOldTls", "DenyOtherEncryption", "DenyOtherKey"],
  subjects: ["system:serviceaccount:countinghouse:lake"],
  location: `s3://${BUCKET}/events/date=\${date}/hour=\${hour}/source=\${source}/`,
  partitions: ["date", "hour", "source"],
  keyRotation: true,
};

/** What the emulated cloud and the stack in `dir` (initialised) are reached by. */
interface Lab {
  readonly terraform: (...args: string[]) => Promise<Outcome>;
  readonly cloud: (command: string) => Promise<unknown>;
}

/**
 * The life of the stack against an emulated AWS: applied, looked at from outside, planned again (nothing to do), changed by
 * hand (the plan names exactly that), repaired, kept from being destroyed while it holds data, destroyed.
 */
export async function lifecycle(report: Report, tools: Toolchain, python: string, dir: string): Promise<void> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const env = { ...terraformEnv(endpoint), MOTO_ACCOUNT_ID: "123456789012" };
  const moto = new ManagedProcess({
    name: "moto",
    command: [join(python, "moto_server"), "-H", "127.0.0.1", "-p", String(port)],
    env,
    logFile: join(dir, "moto.log"),
    isReady: async () => (await fetch(`${endpoint}/moto-api/data.json`).catch(() => undefined))?.ok === true,
    readyTimeoutMs: 60_000,
  });
  await moto.start();
  try {
    await Bun.write(join(dir, "trial.auto.tfvars.json"), JSON.stringify(VARIABLES));
    await live(report, {
      terraform: (...args) => run([tools.terraform, ...args], { cwd: dir, env }),
      cloud: async (command) => {
        const args = [join(import.meta.dir, "cloud.py"), command, BUCKET, NAME, DATABASE];
        const outcome = await run([join(python, "python"), ...args], { env });
        if (outcome.code !== 0) throw new Error(`cloud.py ${command}: ${tail(outcome)}`);
        return JSON.parse(outcome.stdout);
      },
    });
  } finally {
    await moto.stop();
  }
}

async function live(report: Report, lab: Lab): Promise<void> {
  const { terraform, cloud } = lab;
  const applied = await terraform("apply", "-auto-approve", "-no-color");
  if (!report.outcome("apply: creates everything", applied)) return;
  report.equal("apply: what is deployed", await cloud("facts"), FACTS);
  report.outcome("second plan: nothing to do", await terraform("plan", "-detailed-exitcode", "-no-color"));

  const expected = await cloud("drift");
  report.equal("drift: the plan names exactly what was changed by hand", await plannedChanges(lab), expected);
  report.outcome("drift: apply repairs it", await terraform("apply", "-auto-approve", "-no-color"));
  report.equal("drift: what is deployed afterwards", await cloud("facts"), FACTS);
  report.outcome("plan after the repair: nothing to do", await terraform("plan", "-detailed-exitcode", "-no-color"));

  await cloud("put");
  const refused = await terraform("destroy", "-auto-approve", "-no-color", "-target=module.lake.aws_s3_bucket.lake");
  report.equal("destroy: refused while the bucket holds data", refused.code === 0, false);
  report.equal("destroy: the refusal is about the data", /BucketNotEmpty/.test(refused.stderr), true);
  await cloud("empty");
  report.outcome("destroy: an empty lake goes", await terraform("destroy", "-auto-approve", "-no-color"));
  const nothing = { buckets: [], roles: [], databases: [], workgroups: [], keys: [] };
  report.equal("destroy: nothing is left", await cloud("left"), nothing);
}

/** Addresses that a plan would change, sorted. @throws Error when it cannot plan. */
async function plannedChanges({ terraform }: Lab): Promise<string[]> {
  const plan = await terraform("plan", "-out=drift.tfplan", "-no-color");
  const shown = await terraform("show", "-json", "drift.tfplan");
  if (plan.code !== 0 || shown.code !== 0) throw new Error(`plan: ${tail(plan)}`);
  const { resource_changes: changes } = JSON.parse(shown.stdout) as {
    resource_changes: { address: string; change: { actions: string[] } }[];
  };
  const touched = changes.filter(({ change }) => change.actions.some((action) => !/^(no-op|read)$/.test(action)));
  return touched.map(({ address }) => address).sort();
}
