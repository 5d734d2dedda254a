import { NAMESPACE, objectName } from "../settings.ts";
import type { Cluster } from "../shell.ts";

type Container = { name: string; env: { name: string; value?: string; valueFrom?: unknown }[] } & Record<
  string,
  unknown
>;
type Deployment = {
  spec: {
    template: {
      metadata: { labels: Record<string, string> };
      spec: { containers: Container[] } & Record<string, unknown>;
    };
  };
};

/**
 * A pod like the consumer's that logs in as somebody else. Its labels are others', so that no Service, monitor or budget
 * takes it for a consumer.
 */
export async function consumerAs(
  cluster: Cluster,
  name: string,
  login: { user: string; password: string },
): Promise<object> {
  const deployment = await cluster.get<Deployment>([`deployment/${objectName("consumer")}`, "-n", NAMESPACE.app]);
  const template = deployment?.spec.template;
  const container = template?.spec.containers[0];
  if (template === undefined || container === undefined) throw new Error("there is no consumer");
  // An empty variable counts as unset: the password comes from here, not from the consumer's file.
  const replaced = {
    KAFKA_SASL_USERNAME: login.user,
    KAFKA_SASL_PASSWORD: login.password,
    KAFKA_SASL_PASSWORD_FILE: "",
  };
  const others = container.env.filter((entry) => !(entry.name in replaced));
  const env = [...others, ...Object.entries(replaced).map(([key, value]) => ({ name: key, value }))];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: NAMESPACE.app, labels: { "app.kubernetes.io/name": "intruder" } },
    spec: {
      ...template.spec,
      topologySpreadConstraints: [],
      terminationGracePeriodSeconds: 1,
      restartPolicy: "Never",
      containers: [{ ...container, env }],
    },
  };
}

/** A pod that Pod Security `restricted` forbids: privileged, root, host network. */
export const FORBIDDEN_POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "forbidden", namespace: NAMESPACE.app },
  spec: {
    hostNetwork: true,
    containers: [{ name: "forbidden", image: "lab/kafka:dev", securityContext: { privileged: true, runAsUser: 0 } }],
  },
};

type PodStatus = {
  status: { conditions?: { type: string; status: string }[]; containerStatuses?: { restartCount: number }[] };
};

/** Whether a pod is ready. */
export async function isReady(cluster: Cluster, name: string): Promise<boolean> {
  const pod = await cluster.get<PodStatus>([`pod/${name}`, "-n", NAMESPACE.app]);
  return pod?.status.conditions?.find(({ type }) => type === "Ready")?.status === "True";
}
