import { waitFor } from "../../testkit/process/wait-for.ts";
import { NAMESPACE } from "../settings.ts";
import type { Cluster } from "../shell.ts";
import { type Context, check } from "./context.ts";
import { consumerAs, isReady } from "./pods.ts";

/** Starts a consumer that logs in as this user and waits until the broker has refused it; answers the line that says so. */
export async function refusedByBroker(
  { cluster }: Context,
  name: string,
  user: string,
  password: string,
  why: RegExp,
): Promise<string> {
  const pod = await consumerAs(cluster, name, { user, password });
  await cluster.kubectl(["create", "-f", "-"], { input: JSON.stringify(pod) });
  try {
    const line = await waitFor(
      async () => {
        const { stdout } = await cluster.tryKubectl(["logs", name, "-n", NAMESPACE.app]);
        return stdout.split("\n").find((text) => why.test(text));
      },
      { timeoutMs: 90_000, intervalMs: 1_000, describe: `a refusal (${why.source}) in the log of ${name}` },
    );
    check(!(await isReady(cluster, name)), `${name} became ready`);
    return line.slice(0, 200);
  } finally {
    await cluster.kubectl(["delete", "pod", name, "-n", NAMESPACE.app, "--grace-period=0", "--force"]);
  }
}

/** The password that Strimzi, or its stand-in, has given a KafkaUser. */
export async function userPassword(cluster: Cluster, user: string): Promise<string> {
  const secret = await cluster.get<{ data: { password: string } }>([`secret/${user}`, "-n", NAMESPACE.app]);
  return Buffer.from(secret?.data.password ?? "", "base64").toString();
}
