import { createPrivateKey } from "node:crypto";
import type { KubeObject } from "./kube.ts";

/** A Strimzi Kafka resource, as far as it is used here. */
export type KafkaResource = KubeObject & {
  spec: { kafka: { version?: string; config?: Record<string, unknown> } };
};
export type NodePool = KubeObject & {
  spec: {
    replicas: number;
    roles: string[];
    resources?: object;
    jvmOptions?: Record<string, string>;
    storage: { volumes?: { size?: string }[] };
  };
};
export type Certificates = { ca: string; certificate: string; key: string };
export type Admin = { user: string; password: string };

type Names = { cluster: string; namespace: string; pod: string; pool: string };

/** PKCS#8, the only form in which the broker reads a private key. */
const pkcs8 = (pem: string) => createPrivateKey(pem).export({ type: "pkcs8", format: "pem" }).toString();

/** The broker's settings: the resource's own, under listeners and authorization as Strimzi would set them. */
export function serverProperties(
  { cluster, namespace, pod }: Names,
  config: Record<string, unknown>,
  admin: Admin,
): string {
  const settings: Record<string, unknown> = {
    ...config,
    "process.roles": "broker,controller",
    "node.id": 0,
    "controller.quorum.voters": "0@127.0.0.1:9090",
    "controller.listener.names": "CONTROLLER",
    listeners: "TLS://0.0.0.0:9093,INTERNAL://127.0.0.1:9091,CONTROLLER://127.0.0.1:9090",
    "advertised.listeners": `TLS://${pod}.${cluster}-kafka-brokers.${namespace}.svc:9093,INTERNAL://127.0.0.1:9091`,
    "listener.security.protocol.map": "TLS:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "INTERNAL",
    "log.dirs": "/var/lib/kafka/data",
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": "/etc/kafka/broker.pem",
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "listener.name.tls.scram-sha-512.sasl.jaas.config":
      "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": false,
    // Without a login come only the broker's own connections to itself, over the pod's loopback.
    "super.users": `User:${admin.user};User:ANONYMOUS`,
    "offsets.topic.num.partitions": 8,
    "transaction.state.log.num.partitions": 8,
    "group.initial.rebalance.delay.ms": 500,
    "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

/** The Secret every client trusts, and everything the one broker consists of. In the order in which to apply it. */
export function brokerObjects(
  kafka: KafkaResource,
  pool: NodePool,
  image: string,
  certificates: Certificates,
  admin: Admin,
) {
  const cluster = kafka.metadata.name;
  const namespace = kafka.metadata.namespace ?? "default";
  const names = { cluster, namespace, pool: pool.metadata.name, pod: `${cluster}-${pool.metadata.name}-0` };
  const labels = {
    "strimzi.io/cluster": cluster,
    "strimzi.io/kind": "Kafka",
    "strimzi.io/name": `${cluster}-kafka`,
    "strimzi.io/pool-name": names.pool,
  };
  const properties = serverProperties(names, kafka.spec.kafka.config ?? {}, admin);
  const files = { "server.properties": properties, "broker.pem": pkcs8(certificates.key) + certificates.certificate };
  const secret = (name: string, stringData: Record<string, string>) => ({
    path: `/api/v1/namespaces/${namespace}/secrets`,
    object: { apiVersion: "v1", kind: "Secret", metadata: { name, labels }, stringData },
  });
  return [
    secret(`${cluster}-cluster-ca-cert`, { "ca.crt": certificates.ca }),
    secret(`${cluster}-broker`, { ...files, ADMIN_USER: admin.user, ADMIN_PASSWORD: admin.password }),
    service(names, `${cluster}-kafka-bootstrap`, labels, {}),
    service(names, `${cluster}-kafka-brokers`, labels, { clusterIP: "None", publishNotReadyAddresses: true }),
    statefulSet(names, pool, { labels, image, checksum: Bun.hash(JSON.stringify(files)).toString(16) }),
  ];
}

function service(names: Names, name: string, labels: Record<string, string>, spec: object) {
  const ports = [{ name: "tcp-clientstls", port: 9093 }];
  const object = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, labels },
    spec: { selector: labels, ports, ...spec },
  };
  return { path: `/api/v1/namespaces/${names.namespace}/services`, object };
}

type PodSettings = { labels: Record<string, string>; image: string; checksum: string };

function statefulSet({ cluster, namespace, pool: poolName }: Names, pool: NodePool, settings: PodSettings) {
  const { labels, image, checksum } = settings;
  const container = {
    name: "kafka",
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["/opt/kafka/broker.sh"],
    env: [
      { name: "HEAP", value: pool.spec.jvmOptions?.["-Xmx"] ?? "512m" },
      ...["ADMIN_USER", "ADMIN_PASSWORD"].map((name) => ({
        name,
        valueFrom: { secretKeyRef: { name: `${cluster}-broker`, key: name } },
      })),
    ],
    ports: [{ name: "tcp-clientstls", containerPort: 9093 }],
    readinessProbe: { tcpSocket: { port: 9093 }, periodSeconds: 2, failureThreshold: 3 },
    resources: pool.spec.resources ?? {},
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [
      { name: "data-0", mountPath: "/var/lib/kafka" },
      { name: "config", mountPath: "/etc/kafka", readOnly: true },
      { name: "tmp", mountPath: "/tmp" },
    ],
  };
  const podSpec = {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 30,
    securityContext: { runAsNonRoot: true, runAsUser: 1001, fsGroup: 1001, seccompProfile: { type: "RuntimeDefault" } },
    containers: [container],
    volumes: [
      { name: "config", secret: { secretName: `${cluster}-broker` } },
      { name: "tmp", emptyDir: {} },
    ],
  };
  const size = pool.spec.storage.volumes?.[0]?.size ?? "1Gi";
  const claim = {
    metadata: { name: "data-0" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } } },
  };
  const object = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: `${cluster}-${poolName}`, labels },
    spec: {
      replicas: 1,
      serviceName: `${cluster}-kafka-brokers`,
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations: { "lab/config": checksum } }, spec: podSpec },
      volumeClaimTemplates: [claim],
    },
  };
  return { path: `/apis/apps/v1/namespaces/${namespace}/statefulsets`, object };
}
