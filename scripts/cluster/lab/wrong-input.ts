import { waitFor } from "../../testkit/process/wait-for.ts";
import { NAMESPACE, RELEASE } from "../settings.ts";
import { run } from "../shell.ts";
import { type Context, check, make } from "./context.ts";

/** Four mistakes a user can make; each must end in one message that says what to do. */
export async function wrongInput({ cluster, env }: Context): Promise<string> {
  const chart = ["template", RELEASE, "charts/countinghouse", "--kube-version", "1.36.0"];
  const typo = await run(["helm", ...chart, "--set", "consumer.replica=3"], { env });
  check(typo.code !== 0 && typo.stderr.includes("'replica' not allowed"), `unknown value: ${typo.stderr}`);

  const missing = ["upgrade", "--install", RELEASE, "charts/countinghouse", "-n", NAMESPACE.app, "--dry-run=server"];
  const secret = await run(["helm", ...missing, "--set", "clickhouse.users.insert.secret=nowhere"], { env });
  check(secret.code !== 0 && /Secret "nowhere" is missing/.test(secret.stderr), `missing Secret: ${secret.stderr}`);

  const registry = await make("cluster-up", { ...env, STRIMZI_CHART: "oci://127.0.0.1:1/nothing" });
  check(registry.code !== 0 && /could not be fetched/.test(registry.text), `registry: ${registry.text.slice(-1500)}`);

  const patch = (version: string) =>
    cluster.kubectl([
      "patch",
      `kafka/${RELEASE}`,
      "-n",
      NAMESPACE.app,
      "--type=merge",
      "-p",
      JSON.stringify({ spec: { kafka: { version } } }),
    ]);
  const before = await cluster.kubectl([
    "get",
    `kafka/${RELEASE}`,
    "-n",
    NAMESPACE.app,
    "-o",
    "jsonpath={.spec.kafka.version}",
  ]);
  await patch("1.0.0");
  try {
    await waitFor(
      async () => {
        const { stdout } = await cluster.tryKubectl([
          "get",
          `kafka/${RELEASE}`,
          "-n",
          NAMESPACE.app,
          "-o",
          "jsonpath={.status}",
        ]);
        return stdout.includes("Unsupported Kafka version 1.0.0");
      },
      { timeoutMs: 60_000, intervalMs: 1_000, describe: "the operator's stand-in to refuse Kafka 1.0.0" },
    );
  } finally {
    await patch(before);
  }
  return "unknown value, missing Secret, unreachable registry, Kafka version";
}
