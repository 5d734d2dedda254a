import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { createKafkaClient, type Admin as KafkaAdmin } from "../../../../workers/shared/kafka/client.ts";
import { kafkaConfigShape } from "../../../../workers/shared/kafka/config.ts";
import { loadConfig } from "../../../../workers/shared/runtime/config.ts";
import { createLogger } from "../../../../workers/shared/runtime/logger.ts";
import { type Acl, difference } from "./acls.ts";
import type { Admin } from "./broker-resources.ts";

export type TopicSpec = { name: string; partitions: number; config: Record<string, unknown> };

/** What the stand-in does to the broker: users, rules and topics. Connects on first use. */
export class Broker {
  readonly #admin: KafkaAdmin;
  readonly #properties: string;
  #connected = false;

  constructor(
    readonly brokers: string,
    ca: string,
    login: Admin,
  ) {
    const dir = mkdtempSync("/tmp/broker-");
    writeFileSync(join(dir, "ca.crt"), ca);
    this.#properties = join(dir, "admin.properties");
    const { user, password } = login;
    writeFileSync(
      this.#properties,
      [
        "security.protocol=SASL_SSL",
        "sasl.mechanism=SCRAM-SHA-512",
        "ssl.truststore.type=PEM",
        `ssl.truststore.location=${join(dir, "ca.crt")}`,
        `sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="${user}" password="${password}";`,
      ].join("\n"),
    );
    const config = loadConfig(z.object(kafkaConfigShape), {
      KAFKA_BROKERS: brokers,
      KAFKA_SSL: "true",
      KAFKA_SSL_CA_FILE: join(dir, "ca.crt"),
      KAFKA_SASL_MECHANISM: "scram-sha-512",
      KAFKA_SASL_USERNAME: user,
      KAFKA_SASL_PASSWORD: password,
    });
    this.#admin = createKafkaClient(config, createLogger({ name: "lab-operator", level: "error" })).admin();
  }

  async #client(): Promise<KafkaAdmin> {
    if (!this.#connected) await this.#admin.connect();
    this.#connected = true;
    return this.#admin;
  }

  /** Existing topics with their number of partitions. */
  async topics(): Promise<Map<string, number>> {
    const { topics } = await (await this.#client()).fetchTopicMetadata();
    return new Map(topics.map((topic) => [topic.name, topic.partitions.length]));
  }

  async createTopic({ name, partitions, config }: TopicSpec): Promise<void> {
    const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value: String(value) }));
    const topic = { topic: name, numPartitions: partitions, replicationFactor: 1, configEntries };
    await (await this.#client()).createTopics({ topics: [topic], waitForLeaders: true });
  }

  async growTopic(name: string, partitions: number): Promise<void> {
    await (await this.#client()).createPartitions({ topicPartitions: [{ topic: name, count: partitions }] });
  }

  /** Makes the user's rules exactly these. */
  async setAcls(user: string, wanted: readonly Acl[]): Promise<void> {
    const admin = await this.#client();
    // 1: any; the principal narrows it.
    const filter = { resourceType: 1, resourcePatternType: 1, operation: 1, permissionType: 1 };
    const described = await admin.describeAcls({ ...filter, principal: `User:${user}` } as never);
    const existing = described.resources.flatMap(({ acls, ...resource }) =>
      acls.map(
        (acl): Acl => ({
          resourceType: resource.resourceType,
          resourceName: resource.resourceName,
          resourcePatternType: resource.resourcePatternType,
          ...acl,
        }),
      ),
    );
    const { add, remove } = difference(wanted, existing);
    if (remove.length > 0) await admin.deleteAcls({ filters: remove });
    if (add.length > 0) await admin.createAcls({ acl: [...add] });
  }

  /** Sets a user's password, or removes its login. The client library cannot, so Kafka's own tool does it (about 2 s). */
  async setPassword(user: string, password: string | undefined): Promise<void> {
    const change =
      password === undefined
        ? ["--delete-config", "SCRAM-SHA-512"]
        : ["--add-config", `SCRAM-SHA-512=[iterations=4096,password=${password}]`];
    const tool = [
      "kafka.admin.ConfigCommand",
      "--bootstrap-server",
      this.brokers,
      "--command-config",
      this.#properties,
    ];
    const java = [
      "java",
      "-Xshare:auto",
      "-XX:TieredStopAtLevel=1",
      "-XX:+UseSerialGC",
      "-Xmx96m",
      "-cp",
      "/opt/kafka/libs/*",
    ];
    const child = Bun.spawn([...java, ...tool, "--alter", "--entity-type", "users", "--entity-name", user, ...change], {
      stdout: "pipe",
      stderr: "pipe",
      timeout: 60_000,
    });
    const [code, out, err] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    if (code !== 0) throw new Error(`setting the password of ${user} failed (${code}): ${out}${err}`.slice(0, 2000));
  }
}
