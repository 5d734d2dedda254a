/** `make cluster-ops` without a cluster: a stand-in for kubectl answers as the API server would of one job. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./settings.ts";

const dir = mkdtempSync(join(tmpdir(), "cron-job-"));
const LASTS_SECONDS = 14;
const KUBECTL = `#!/bin/bash
cd "${dir}"
age=$(( $(date +%s) - $(cat created 2>/dev/null || date +%s) ))
ended=false; [ -e created ] && [ $age -ge ${LASTS_SECONDS} ] && ended=true
case "$*" in
  "get cronjob/shop-countinghouse-restore -n shop -o json")
    echo '{"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"args": ["--help"]}]}}}}}}' ;;
  "get cronjob/"*) echo 'Error from server (NotFound)' >&2; exit 1 ;;
  "create -f -") cat >job.json; date +%s >created ;;
  "get pods -n shop "*)
    if $ended; then echo '{"items": [{"metadata": {"name": "p"}, "status": {"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}}]}'
    else echo '{"items": [{"metadata": {"name": "p"}, "status": {"phase": "Running"}}]}'; fi ;;
  "get job/"*" -n shop -o json")
    if $ended; then echo '{"status": {"conditions": [{"type": "Failed", "status": "True"}]}}'; else echo '{"status": {}}'; fi ;;
  # As an API server does that ends a long connection: the rest comes when it is asked again.
  "logs -f -n shop job/"*--since-time=*) sleep $(( ${LASTS_SECONDS} - age )); echo "NOT PROVEN" ;;
  "logs -f -n shop job/"*) echo "reading the topic" ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
`;

beforeAll(() => {
  writeFileSync(join(dir, "kubectl"), KUBECTL, { mode: 0o755 });
  writeFileSync(join(dir, "kubeconfig"), "");
});
afterAll(() => rmSync(dir, { recursive: true }));

async function clusterOps(command: string, release: Record<string, string>) {
  const child = Bun.spawn([process.execPath, "scripts/cluster/main.ts", "ops"], {
    cwd: ROOT,
    env: {
      PATH: `${dir}:${process.env.PATH}`,
      CLUSTER_KUBECONFIG: join(dir, "kubeconfig"),
      CLUSTER_TIMEOUT: "10",
      CMD: command,
      ...release,
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
}

test("a command may take longer than the limit of waiting, is shown as it runs, and in any namespace and release", async () => {
  const shop = { CLUSTER_NAMESPACE: "shop", CLUSTER_RELEASE: "shop" };
  const { out, err, code } = await clusterOps("restore --from-lake --yes", shop);
  expect(err).toContain("it goes on when this command is interrupted");
  expect(out).toContain("reading the topic");
  expect(out).toContain("NOT PROVEN");
  expect(code).toBe(3);
  const job: unknown = JSON.parse(readFileSync(join(dir, "job.json"), "utf8"));
  expect(job).toMatchObject({
    metadata: { namespace: "shop" },
    spec: { template: { spec: { containers: [{ args: ["restore", "--from-lake", "--yes"] }] } } },
  });
}, 60_000);

test("where the CronJob is not, the variables that name another release are said", async () => {
  const { err, code } = await clusterOps("doctor", {});
  expect(err).toContain("there is no cronjob countinghouse-operate in namespace countinghouse");
  expect(err).toContain("CLUSTER_RELEASE");
  expect(code).toBe(2);
}, 60_000);
