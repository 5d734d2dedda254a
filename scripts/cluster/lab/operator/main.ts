/**
 * Stands in for Strimzi's operators in the laboratory, which has no image of them: watches Kafka, KafkaNodePool, KafkaTopic and
 * KafkaUser, runs one broker from Kafka's jars under the names Strimzi gives to Services, Secrets and pods, and reports Ready.
 */
import { readFileSync } from "node:fs";
import { aclsOf, type KafkaUserSpec } from "./acls.ts";
import { type Admin, brokerObjects, type KafkaResource, type NodePool } from "./broker-resources.ts";
import { Broker, type TopicSpec } from "./kafka-admin.ts";
import { Kube, type KubeObject } from "./kube.ts";

type KafkaUser = KubeObject & { spec: KafkaUserSpec };
type KafkaTopic = KubeObject & { spec: { topicName?: string; partitions?: number; config?: Record<string, unknown> } };
type StatefulSet = { status?: { readyReplicas?: number } };

const VERSION = "4.3.1";
const POLL_MS = 2_000;
const read = (name: string) => readFileSync(`/etc/operator/${name}`, "utf8");
const env = (name: string) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
const settings = { namespace: env("NAMESPACE"), image: env("BROKER_IMAGE") };
const certificates = { ca: read("ca.crt"), certificate: read("tls.crt"), key: read("tls.key") };
const admin: Admin = { user: "lab-operator", password: read("admin-password") };
const kube = new Kube();

const strimzi = (plural: string) => `/apis/kafka.strimzi.io/v1/namespaces/${settings.namespace}/${plural}`;
const log = (text: string) => console.log(`${new Date().toISOString()} ${text}`);
/** What was last done for an object, so that nothing is done twice. */
const done = new Map<string, string>();
let broker: Broker | undefined;

async function report(plural: string, object: KubeObject, ready: true | string, extra: object = {}): Promise<void> {
  const key = `status ${plural}/${object.metadata.name}`;
  const text = JSON.stringify([object.metadata.generation, ready, extra]);
  if (done.get(key) === text) return;
  const condition = {
    type: ready === true ? "Ready" : "NotReady",
    status: "True",
    lastTransitionTime: new Date().toISOString(),
    ...(ready === true ? {} : { reason: "LabOperator", message: ready }),
  };
  const status = { observedGeneration: object.metadata.generation, conditions: [condition], ...extra };
  await kube.setStatus(`${strimzi(plural)}/${object.metadata.name}`, status);
  done.set(key, text);
  log(`${plural}/${object.metadata.name}: ${ready === true ? "Ready" : ready}`);
}

async function reconcileCluster(kafka: KafkaResource, pools: NodePool[]): Promise<boolean> {
  const wanted = kafka.spec.kafka.version ?? VERSION;
  if (wanted !== VERSION) {
    await report("kafkas", kafka, `Unsupported Kafka version ${wanted}. Supported versions: ${VERSION}`);
    return false;
  }
  const [pool] = pools;
  if (pool === undefined || pools.length > 1 || pool.spec.replicas !== 1) {
    await report("kafkas", kafka, "the laboratory runs one broker: one KafkaNodePool with one replica (profile dev)");
    return false;
  }
  const objects = brokerObjects(kafka, pool, settings.image, certificates, admin);
  const text = JSON.stringify(objects);
  if (done.get("broker") !== text) {
    for (const { path, object } of objects) await kube.apply(path, object);
    done.set("broker", text);
  }
  const name = `${kafka.metadata.name}-${pool.metadata.name}`;
  const set = await kube.get<StatefulSet>(`/apis/apps/v1/namespaces/${settings.namespace}/statefulsets/${name}`);
  if ((set?.status?.readyReplicas ?? 0) < 1) return false;
  const bootstrap = `${kafka.metadata.name}-kafka-bootstrap.${settings.namespace}.svc:9093`;
  broker ??= new Broker(bootstrap, certificates.ca, admin);
  await broker.topics();
  await report("kafkas", kafka, true, { kafkaVersion: VERSION });
  await report("kafkanodepools", pool, true, { replicas: 1, nodeIds: [0] });
  return true;
}

async function reconcileUsers(users: KafkaUser[], target: Broker): Promise<void> {
  for (const user of users) {
    const { name } = user.metadata;
    const path = `/api/v1/namespaces/${settings.namespace}/secrets`;
    const secret = await kube.get<{ data: Record<string, string> }>(`${path}/${name}`);
    const known = secret?.data.password;
    const password = known ? Buffer.from(known, "base64").toString() : crypto.randomUUID().replaceAll("-", "");
    const text = JSON.stringify([user.metadata.uid, user.metadata.generation, password]);
    if (done.get(`user ${name}`) !== text) {
      await target.setPassword(name, password);
      await target.setAcls(name, aclsOf(name, user.spec));
      // Last, so that who finds the Secret can log in with it.
      await kube.apply(path, userSecret(user, password));
      done.set(`user ${name}`, text);
    }
    await report("kafkausers", user, true, { username: name, secret: name });
  }
  const wanted = new Set(users.map((user) => `user ${user.metadata.name}`));
  for (const key of [...done.keys()].filter((key) => key.startsWith("user ") && !wanted.has(key))) {
    const name = key.slice("user ".length);
    await target.setAcls(name, []);
    await target.setPassword(name, undefined);
    done.delete(key);
    done.delete(`status kafkausers/${name}`);
    log(`kafkausers/${name}: removed`);
  }
}

function userSecret(user: KafkaUser, password: string): KubeObject & Record<string, unknown> {
  const { name, uid = "", labels = {} } = user.metadata;
  const login = `org.apache.kafka.common.security.scram.ScramLoginModule required username="${name}" password="${password}";`;
  const owner = { apiVersion: "kafka.strimzi.io/v1", kind: "KafkaUser", name, uid };
  const cluster = labels["strimzi.io/cluster"] ?? "";
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, labels: { "strimzi.io/cluster": cluster }, ...{ ownerReferences: [owner] } },
    stringData: { password, "sasl.jaas.config": login },
  };
}

async function reconcileTopics(topics: KafkaTopic[], target: Broker): Promise<void> {
  const existing = await target.topics();
  for (const topic of topics) {
    const spec: TopicSpec = {
      name: topic.spec.topicName ?? topic.metadata.name,
      partitions: topic.spec.partitions ?? 1,
      config: topic.spec.config ?? {},
    };
    const partitions = existing.get(spec.name);
    if (partitions === undefined) await target.createTopic(spec);
    else if (partitions < spec.partitions) await target.growTopic(spec.name, spec.partitions);
    if (partitions !== undefined && partitions > spec.partitions) {
      await report("kafkatopics", topic, `Decreasing partitions not supported (${partitions} exist)`);
    } else await report("kafkatopics", topic, true, { topicName: spec.name });
  }
}

async function reconcile(): Promise<void> {
  const [kafka] = await kube.list<KafkaResource>(strimzi("kafkas"));
  if (kafka === undefined) return;
  const live = <T extends KubeObject>(objects: T[]) =>
    objects.filter(
      ({ metadata }) => !metadata.deletionTimestamp && metadata.labels?.["strimzi.io/cluster"] === kafka.metadata.name,
    );
  const pools = live(await kube.list<NodePool>(strimzi("kafkanodepools")));
  if (!(await reconcileCluster(kafka, pools)) || broker === undefined) return;
  await reconcileTopics(live(await kube.list<KafkaTopic>(strimzi("kafkatopics"))), broker);
  await reconcileUsers(live(await kube.list<KafkaUser>(strimzi("kafkausers"))), broker);
}

log(`watching ${settings.namespace}`);
process.once("SIGTERM", () => process.exit(0));
for (;;) {
  try {
    await reconcile();
  } catch (error) {
    // A broker that restarts, an object that changed under us: the next round looks again.
    log(`round failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  await Bun.sleep(POLL_MS);
}
